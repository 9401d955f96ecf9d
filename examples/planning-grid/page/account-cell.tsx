import type { CustomCellRendererProps } from 'ag-grid-react'
import type { Account } from './project.ts'

export function AccountCell({ data }: CustomCellRendererProps<Account>) {
  return (
    <div className="account">
      <span className="account-name">{data?.name}</span>
      {data?.agency !== '' && <span className="account-agency">{data?.agency}</span>}
    </div>
  )
}
