import { createCells } from '@efir/cells'
import { Plan } from './plan.tsx'
import { filter } from './project.ts'
import { connect } from './server-client.ts'
import { SignIn } from './sign-in.tsx'

const budgetVersionId = process.env.CELLS_BUDGET ?? ''

/** Runs on the server: reads the cells as the user, and hands them to the browser with the page. */
export default async function Page({
  searchParams,
}: {
  readonly searchParams: Promise<Record<string, unknown>>
}) {
  const supabase = await connect()
  const { data } = await supabase.auth.getUser()
  if (data.user === null) return <SignIn isRefused={'refused' in (await searchParams)} />
  const initial = await createCells(supabase).budget(budgetVersionId).snapshot(filter)
  return <Plan budgetVersionId={budgetVersionId} initial={initial} name={data.user.email ?? ''} />
}
