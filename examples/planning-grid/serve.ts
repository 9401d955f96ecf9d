import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build, preview, type Plugin } from 'vite'
import type { Outline } from './accounts.ts'

const root = join(import.meta.dirname, 'page')
const source = (path: string) => join(import.meta.dirname, '../../src', path)

/** What the page asks its server for, before anybody is signed in. */
export interface Project {
  readonly url: string
  readonly anonKey: string
  readonly budgetVersionId: string
  readonly title: string
  readonly outline: Outline
  /** The application's own list of colleagues: for names in history, and to call on them in comments. */
  readonly people: readonly { readonly id: string; readonly name: string }[]
}

/** A session as Supabase Auth puts it behind the `#` of a link: browsers send that part to no server. */
export interface LinkSession {
  readonly access_token: string
  readonly refresh_token: string
}

/** Builds the page into `directory`, as one would for production. An application has the package, and no alias. */
export async function buildPage(directory: string): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [react()],
    resolve: {
      alias: [
        { find: /^@efir\/cells\/react\/styles\.css$/, replacement: source('react/styles.css') },
        { find: /^@efir\/cells\/([a-z]+)$/, replacement: source('$1/index.ts') },
        { find: /^@efir\/cells$/, replacement: source('index.ts') },
      ],
    },
    build: { outDir: directory, emptyOutDir: true, chunkSizeWarningLimit: 3_000 },
  })
}

/** The built page on 127.0.0.1. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string
}

/** Serves a built page, and what it asks of its own server: `/project.json`. */
export async function servePage(
  directory: string,
  project: (query: URLSearchParams) => Project,
  port = 0,
): Promise<PageServer> {
  const projectFile: Plugin = {
    name: 'project-file',
    configurePreviewServer(server) {
      server.middlewares.use('/project.json', (request, response) => {
        const query = new URL(request.url ?? '/', 'http://page').searchParams
        response.setHeader('content-type', 'application/json')
        response.setHeader('cache-control', 'no-store')
        response.end(JSON.stringify(project(query)))
      })
    },
  }
  const others = new Set(process.listeners('SIGTERM'))
  const server = await preview({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [projectFile],
    build: { outDir: directory },
    preview: { host: '127.0.0.1', port, strictPort: port !== 0 },
  })
  // Who began this ends it, and has more to end: Vite would end the whole process with the page's server.
  for (const listener of process.listeners('SIGTERM')) {
    if (!others.has(listener)) process.off('SIGTERM', listener)
  }
  const { port: taken } = server.httpServer.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${taken}`,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A link that signs one person in. */
export function linkOf(page: string, { access_token, refresh_token }: LinkSession): string {
  return `${page}#${new URLSearchParams({ access_token, refresh_token }).toString()}`
}
