import { useState, type ReactElement } from 'react'
import { useFormats } from '../use-formats.ts'
import { classNames } from './class-names.ts'
import { initials, pictureAddress } from './picture.ts'

/** Whose face it is. */
export interface AvatarProps {
  readonly name: string
  readonly avatar?: string | null | undefined
  readonly color: string
  readonly isIdle?: boolean | undefined
}

/** A person's picture, or his initials. His name stands beside it, or in the label of what it is in. */
export function Avatar({ name, avatar, color, isIdle = false }: AvatarProps): ReactElement {
  const { locale } = useFormats()
  const picture = pictureAddress(avatar)
  const [broken, setBroken] = useState<string | null>(null)
  return (
    <span
      className={classNames('efir-cells-avatar', isIdle && 'efir-cells-avatar--idle')}
      style={{ backgroundColor: color }}
      // Not text, which would have to be in the name of a button around it.
      data-initials={initials(name, locale)}
      aria-hidden="true"
    >
      {picture !== null && picture !== broken && (
        <img
          src={picture}
          alt=""
          referrerPolicy="no-referrer"
          decoding="async"
          draggable={false}
          onError={() => setBroken(picture)}
        />
      )}
    </span>
  )
}
