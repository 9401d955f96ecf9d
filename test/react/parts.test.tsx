import { createClient } from '@supabase/supabase-js'
import type { ReactElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import { createCells, TransportError, type ChangeRecord } from '@efir/cells'
import { CellsProvider } from '@efir/cells/react'
import { Failure } from '../../src/react/parts/failure.tsx'
import { HistoryRecord } from '../../src/react/parts/history-record.tsx'
import { useValueFormat, type ValueFormat } from '../../src/react/parts/shown-value.ts'

const budget = createCells(createClient('https://project.example', 'key')).budget(
  '0199a3c4-0000-7000-8000-000000000001',
)

/** As a server draws it: nothing is asked, and nothing can be pressed. */
const draw = (element: ReactElement) =>
  renderToStaticMarkup(<CellsProvider budget={budget}>{element}</CellsProvider>)

describe('a failure', () => {
  it('is an empty place until there is one, so that a screen reader speaks it as it comes', () => {
    expect(draw(<Failure error={null} />)).toBe('<div role="alert" class="efir-cells-failure-area"></div>')
    expect(draw(<Failure error={undefined} />)).toBe(draw(<Failure error={null} />))
  })

  it('is told by its code where it is one of ours, and in general words where it is not', () => {
    const ours = draw(<Failure error={new TransportError('network', 'No answer.', 0)} />)
    expect(ours).toContain('data-code="network"')
    expect(ours).toContain('The server cannot be reached.')
    const foreign = draw(<Failure error={new Error('secret')} />)
    expect(foreign).toContain('Something went wrong.')
    expect(foreign).not.toMatch(/secret|data-code/u)
  })

  it('has a button where it can be tried again', () => {
    expect(draw(<Failure error={new Error('x')} />)).not.toContain('<button')
    expect(draw(<Failure error={new Error('x')} onRetry={() => undefined} />)).toContain('Try again</button>')
  })
})

describe('a value', () => {
  it('is shown by its kind; nothing, and what is deleted, by a word', () => {
    let format: ValueFormat | undefined
    function Shown() {
      format = useValueFormat()
      return null
    }
    draw(<Shown />)
    expect(format?.cell({ kind: 'number', value: '1234.5' })).toEqual({ kind: 'number', text: '1,234.5' })
    expect(format?.cell({ kind: 'text', value: 'open' })).toEqual({ kind: 'text', text: 'open' })
    const empty = { kind: 'empty', text: 'empty' }
    expect(format?.cell({ kind: 'text', value: '' })).toEqual(empty)
    expect(format?.cell({ kind: 'number', value: '1', exists: false })).toEqual(empty)
    expect(format?.input('1234.5')).toEqual({ kind: 'number', text: '1,234.5' })
    expect(format?.input({ text: 'open' })).toEqual({ kind: 'text', text: 'open' })
    expect(format?.input(null)).toEqual(empty)
    expect(format?.input(null, true)).toEqual({ kind: 'deleted', text: 'deleted' })
  })
})

describe('a record of a change', () => {
  const record = {
    ...{ id: '1', revision: 7, at: '2026-11-23T08:00:00+00:00', by: null, sessionLabel: null },
    ...{ action: 'update', changeType: 'manual', lockReason: null },
    before: { kind: 'number', value: '1' },
    after: { kind: 'number', value: '2' },
  } as unknown as ChangeRecord
  const show = (changed: Partial<ChangeRecord>, isCurrent = false) =>
    draw(
      <HistoryRecord record={{ ...record, ...changed }} isCurrent={isCurrent} onRestore={() => undefined} />,
    )

  it('tells what it was, what it became, and how', () => {
    expect(show({})).toMatch(/A program.*from 1 to 2.*Edit.*Restore 2/su)
    expect(show({ sessionLabel: 'Paste' })).toMatch(/from 1 to 2.*Paste/su)
    expect(show({ changeType: 'import' })).toContain('Import')
    expect(show({}, true)).toContain('Current')
  })

  it('of a first value has none before it', () => {
    expect(show({ action: 'insert' })).not.toContain('from')
    expect(show({ action: 'insert' })).toMatch(/2.*First value/su)
  })

  it('of a deletion, or of a lock, has nothing that could be restored', () => {
    expect(show({ action: 'delete' })).toMatch(/from 1 to deleted/u)
    expect(show({ action: 'delete' })).not.toContain('<button')
    const locked = show({ action: 'lock', lockReason: 'Approved' })
    expect(locked).toContain('Approved')
    expect(locked).not.toMatch(/<button|from/u)
    expect(show({ action: 'unlock' })).toContain('Unlocked')
  })

  it('is only read where nothing is to be restored', () => {
    const read = draw(<HistoryRecord record={record} isCurrent={false} onRestore={undefined} />)
    expect(read).not.toContain('<button')
  })
})
