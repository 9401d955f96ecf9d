import { createContext, use, useCallback, useState, type ReactNode } from 'react'

type Notify = (message: string) => void

const NoticeContext = createContext<Notify>(() => undefined)

/** Tells the user something in passing: shown for a few seconds, and spoken by a screen reader. */
export const useNotify = (): Notify => use(NoticeContext)

export function Notices({ children }: { readonly children: ReactNode }) {
  const [notice, setNotice] = useState({ message: '', turn: 0 })
  const notify = useCallback<Notify>((message) => setNotice(({ turn }) => ({ message, turn: turn + 1 })), [])
  return (
    <NoticeContext value={notify}>
      {children}
      <div className="notice-area" role="status" aria-live="polite">
        {notice.message !== '' && (
          <p
            key={notice.turn}
            className="notice"
            onAnimationEnd={() => setNotice({ message: '', turn: notice.turn })}
          >
            {notice.message}
          </p>
        )}
      </div>
    </NoticeContext>
  )
}
