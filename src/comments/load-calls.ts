import { load } from '../load.ts'

export const commentCalls = () => load(() => import('./calls.ts'))
