import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Whether there is a Chromium: at CHROMIUM, or where Debian puts it. */
export const hasChromium = existsSync(executablePath)

/** The title of a suite, with the reason where it cannot be run. */
export const inChromium = (title: string): string =>
  hasChromium ? title : `${title} (not run: there is no Chromium at CHROMIUM or /usr/bin/chromium)`

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    // People have them, and they take room.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}
