import { useEffect, useMemo, useState } from 'react'
import { createCells } from '@efir/cells'
import { CellsProvider, type CellsTexts } from '@efir/cells/react'
import { moduleCode } from './grid-view.ts'
import { Notices } from './notices.tsx'
import type { Project } from './project.ts'
import type { Client, SignedIn } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { Workspace } from './workspace.tsx'

interface AppProps {
  readonly project: Project
  readonly supabase: Client
  readonly first: SignedIn | null
}

const filter = { module: moduleCode }

export function App({ project, supabase, first }: AppProps) {
  const [user, setUser] = useState(first)
  const [isEnded, setEnded] = useState(false)
  const cells = useMemo(() => createCells(supabase), [supabase])
  const budget = useMemo(() => cells.budget(project.budgetVersionId), [cells, project])
  const texts = useMemo(() => ({ cellName: cellNameIn(project) }), [project])
  const people = useMemo(() => {
    const names = new Map(project.people.map(({ id, name }) => [id, name]))
    return (id: string) => ({ name: names.get(id) ?? null, avatar: null })
  }, [project])

  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((event) => {
      if (event === 'SIGNED_OUT') setEnded(true)
    })
    const stop = cells.on('unauthorized', () => setEnded(true))
    return () => {
      data.subscription.unsubscribe()
      stop()
    }
  }, [supabase, cells])

  const signedIn = (now: SignedIn) => {
    // Somebody else's page has nothing of this one's.
    if (user !== null && now.id !== user.id) window.location.reload()
    setUser(now)
    setEnded(false)
  }

  if (user === null) return <SignIn supabase={supabase} title={project.title} onSignedIn={signedIn} />
  return (
    <Notices>
      <CellsProvider
        key={user.id}
        budget={budget}
        filter={filter}
        presence={{ name: user.name }}
        persist
        texts={texts}
        people={people}
      >
        <Workspace project={project} user={user} />
      </CellsProvider>
      {isEnded && <SignIn supabase={supabase} title={project.title} returning={user} onSignedIn={signedIn} />}
    </Notices>
  )
}

/** The components name cells as this application does. */
function cellNameIn({ outline }: Project): CellsTexts['cellName'] {
  const names = new Map(outline.accounts.map(({ entity, name }) => [entity, name]))
  return ({ entity, period }) => `${names.get(entity ?? '') ?? 'an account'}, ${period ?? ''}`
}
