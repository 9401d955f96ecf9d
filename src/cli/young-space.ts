import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's space for what lives shortly as small as it begins: where batches live a little longer than that it would grow to a
 * hundred megabytes, and an import is no faster for it. For the whole process, from now on: for a program, and never in a library.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
