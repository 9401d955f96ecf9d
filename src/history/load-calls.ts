import { load } from '../load.ts'

export const historyCalls = () => load(() => import('./calls.ts'))
