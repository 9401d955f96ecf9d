import type { Subject } from './subject.ts'

export const subjects = {
  ours: async () => (await import('./ours.ts')).open(),
  tinybase: async () => (await import('./tinybase.ts')).open(),
  tanstackDb: async () => (await import('./tanstack-db.ts')).open(),
  yjs: async () => (await import('./yjs.ts')).open(),
} satisfies Record<string, () => Promise<Subject>>

export type SubjectName = keyof typeof subjects
export const subjectNames = Object.keys(subjects) as SubjectName[]
