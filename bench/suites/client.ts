import { connectTenants } from '../../src/local/index.ts'
import { measureOverhead } from '../client/overhead.ts'
import { measureSize } from '../client/size.ts'
import { startStackProcess } from '../client/stack-process.ts'
import type { RunSuite } from '../suite.ts'

/** The SDK over real HTTP beside raw supabase-js doing the same, and what it weighs. */
export const run: RunSuite = async ({ scale, wants, progress }) => {
  const size = wants('size.core') ? [await measureSize('size.core', 'src/index.ts')] : []
  const stack = await startStackProcess()
  const { tenants, close } = connectTenants(stack.coordinates)
  try {
    const organization = await tenants.createOrganization()
    const supabase = tenants.signIn(await tenants.createUser({ organization }))
    const { id } = await tenants.createBudget({ organization })
    return [...(await measureOverhead({ supabase, budgetVersionId: id }, scale, wants, progress)), ...size]
  } finally {
    await close()
    await stack.stop()
  }
}
