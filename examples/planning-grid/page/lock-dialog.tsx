import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { isCellsError } from '@efir/cells'
import { useBudget, useSheet } from '@efir/cells/react'
import type { GridView } from './grid-view.ts'
import { useNotify } from './notices.tsx'

/** Locks the selected cells with a reason, or unlocks them. */
export function LockDialog({ view, onClose }: { readonly view: GridView; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const budget = useBudget()
  const sheet = useSheet()
  const notify = useNotify()
  const [isBusy, setBusy] = useState(false)
  const [cells] = useState(() => (view.block === null ? [] : view.addressesIn(view.block)))
  const locked = cells.filter((cell) => sheet?.get(cell).base.isLocked === true)
  const open = cells.length - locked.length
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal()
  }, [])

  const run = async (work: () => Promise<{ readonly changed: number }>, done: string) => {
    setBusy(true)
    try {
      const { changed } = await work()
      notify(`${changed.toLocaleString('en-US')} ${changed === 1 ? 'cell' : 'cells'} ${done}.`)
      onClose()
    } catch (error) {
      if (!isCellsError(error)) throw error
      notify(error.message)
    } finally {
      setBusy(false)
    }
  }
  const lock = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const reason = reasonIn(event.currentTarget)
    void run(() => budget.locks.lock({ cells }, reason === '' ? {} : { reason }), 'locked')
  }
  return (
    <dialog ref={dialog} className="lock-dialog" aria-labelledby="lock-title" onClose={onClose}>
      <form onSubmit={lock}>
        <h2 id="lock-title">
          {cells.length === 1 ? 'Lock this cell' : `Lock ${cells.length.toLocaleString('en-US')} cells`}
        </h2>
        <p>
          Nobody can write locked cells until somebody unlocks them.
          {locked.length > 0 && ` ${locked.length.toLocaleString('en-US')} of them are locked already.`}
        </p>
        <label>
          Reason
          <input name="reason" maxLength={200} defaultValue="Approved" autoFocus />
        </label>
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          {locked.length > 0 && (
            <button
              type="button"
              className="button"
              disabled={isBusy}
              onClick={() => void run(() => budget.locks.unlock({ cells: locked }), 'unlocked')}
            >
              Unlock {locked.length === 1 ? '' : locked.length.toLocaleString('en-US')}
            </button>
          )}
          <button type="submit" className="button is-primary" disabled={isBusy || open === 0}>
            Lock
          </button>
        </div>
      </form>
    </dialog>
  )
}

function reasonIn(form: HTMLFormElement): string {
  const reason = new FormData(form).get('reason')
  return typeof reason === 'string' ? reason.trim() : ''
}
