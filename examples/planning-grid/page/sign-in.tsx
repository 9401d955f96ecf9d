import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { signIn, type Client, type SignedIn } from './session.ts'

interface SignInProps {
  readonly supabase: Client
  readonly title: string
  /** Whose session has ended. */
  readonly returning?: SignedIn
  readonly onSignedIn: (user: SignedIn) => void
}

/** A modal: before anything is shown, or over what the user was doing when the session ended. */
export function SignIn({ supabase, title, returning, onSignedIn }: SignInProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal()
  }, [])

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    setBusy(true)
    setProblem('')
    try {
      const [email, password] = [given.get('email'), given.get('password')].map(String) as [string, string]
      onSignedIn(await signIn(supabase, { email, password }))
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <dialog
      ref={dialog}
      className="sign-in"
      aria-labelledby="sign-in-title"
      onCancel={(event) => event.preventDefault()}
    >
      <form onSubmit={(event) => void submit(event)}>
        <h1 id="sign-in-title">{returning === undefined ? title : 'Your session has ended'}</h1>
        <p>
          {returning === undefined
            ? 'Open one of the links that `npm start` has printed, or sign in.'
            : 'Sign in again to go on. What you have written is kept on this device until then.'}
        </p>
        <label>
          Email
          <input name="email" type="email" autoComplete="username" required defaultValue={returning?.email} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p className="sign-in-problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="button is-primary" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </dialog>
  )
}
