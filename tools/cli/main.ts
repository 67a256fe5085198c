#!/usr/bin/env node
/**
 * The executable: the words of this process in, its exit code out. Everything else is in `keyferry.ts`.
 * @module
 */
import { processIo } from './io.js'
import { run } from './keyferry.js'

process.exitCode = await run(process.argv.slice(2), processIo())
