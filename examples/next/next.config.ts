import { join } from 'node:path'
import type { NextConfig } from 'next'

const config: NextConfig = {
  // The SDK is beside the examples here. An application has it installed, and needs none of this.
  turbopack: { root: join(import.meta.dirname, '../..') },
}

export default config
