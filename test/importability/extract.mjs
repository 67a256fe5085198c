/**
 * Prints what Stately's importer reads out of the machine files that are named as arguments: per file a list of machine
 * configurations, as JSON. Its own workspace, because the importer wants XState 4 beside it.
 * @module
 */
import { extractMachinesFromFile } from '@xstate/machine-extractor'
import { readFileSync } from 'node:fs'

const found = process.argv.slice(2).map((file) => extractMachinesFromFile(readFileSync(file, 'utf8')).machines.map((machine) => machine.toConfig()))
process.stdout.write(JSON.stringify(found))
