import type { Project } from '../serve.ts'

export type { Account } from '../accounts.ts'
export type { Project }

/** Asks the page's own server which project and budget this is. */
export async function loadProject(): Promise<Project> {
  const response = await fetch(`/project.json${window.location.search}`)
  if (!response.ok) throw new Error(`The page's server answered ${response.status}.`)
  return (await response.json()) as Project
}
