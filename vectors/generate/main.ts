/**
 * `npm run vectors`: writes every generated document under `vectors/`. Running it twice changes nothing.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documents } from './documents.js'

let tests = 0
let invalid = 0
for (const [path, text] of documents()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (path.endsWith('.schema.json')) continue
  const { numberOfTests, tests: all } = JSON.parse(text) as { numberOfTests: number; tests: { result: string }[] }
  const refused = all.filter((test) => test.result === 'invalid').length
  tests += numberOfTests
  invalid += refused
  console.log(`${path.padEnd(32)} ${String(numberOfTests).padStart(4)} tests, ${refused} of them invalid`)
}
console.log(`${tests} tests, ${invalid} of them invalid`)
