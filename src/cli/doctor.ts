import type { Command } from 'commander'
import { addCommand, budgetFlags, databaseFlags, examples, type MakeAction, type Run } from './command.ts'
import { openClient } from './connection.ts'
import { examineApi } from './doctor-api.ts'
import { examineDatabase } from './doctor-database.ts'
import { examineRealtime } from './doctor-realtime.ts'
import type { Finding } from './doctor-finding.ts'
import { exitCodes } from './exit-codes.ts'

const marks = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skip: 'skip' } as const

export function addDoctor(program: Command, action: MakeAction): void {
  addCommand(
    program,
    'doctor',
    'look at everything that has to be right, and say what to do',
    budgetFlags,
    databaseFlags,
  )
    .addHelpText(
      'after',
      examples(
        'efir-cells doctor',
        'efir-cells doctor --budget 0199a3c4-0000-7000-8000-000000000001 --json',
        'SUPABASE_DB_URL=… efir-cells doctor   # looks at the migrations, too',
      ),
    )
    .action(action(runDoctor))
}

async function runDoctor({ settings, io, output }: Run<object>): Promise<number> {
  const client = openClient(settings)
  const findings: Finding[] = []
  const tell = (finding: Finding): void => {
    findings.push(finding)
    const advice = finding.advice === undefined ? '' : `\n      → ${finding.advice}`
    output.line(`${marks[finding.status]}  ${finding.check.replaceAll('_', ' ')}: ${finding.found}${advice}`)
  }
  const isReachable = await examineApi(client, settings, tell, io.signal)
  if (isReachable) await examineRealtime(client, settings, tell, io.signal)
  const isServed = findings.some(({ check, status }) => check === 'schema' && status === 'ok')
  await examineDatabase(settings, isServed, tell)
  io.signal.throwIfAborted()

  const failed = findings.filter(({ status }) => status === 'fail').length
  output.result({ ok: failed === 0, checks: findings }, [
    failed === 0 ? 'Nothing stands in the way.' : `${failed} to be put right.`,
  ])
  return failed === 0 ? exitCodes.ok : exitCodes.notVerified
}
