import type { ReactElement } from 'react'
import { useFormats } from '../use-formats.ts'

/** A time as it is said ("3 minutes ago"), with the exact one at hand. */
export function Moment({ at }: { readonly at: string }): ReactElement {
  const formats = useFormats()
  return (
    <time className="efir-cells-moment" dateTime={at} title={formats.dateTime(at)}>
      {formats.relative(at)}
    </time>
  )
}
