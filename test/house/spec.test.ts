/**
 * The reader of the specification: what has the form becomes data, what almost has it is an error with its line.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { citedIn, parsePage, rolesOf, withoutFences } from '../../tools/spec/index.js'

const page = `# A page

## 3. The blob

### BYOK-9001 — A blob has two halves

**MUST** · role: vault HSM, tool · source: A document, §1; RFC 1 · reading: strict

First paragraph.

- a list

Reading: the document is silent.

Check: one looks.

### BYOK-9002 — Something permitted

**MAY** · role: all · source: this specification · status: later

Text only.

<!-- table: faults -->
| fault | requirement |
|---|---|
| \`some_fault\` | BYOK-9001 |
| a \`b\` c | – |

## 4. Next

\`\`\`text
### BYOK-0 — an example, not a requirement
\`\`\`
`

const reader = suite('spec reader')

reader('reads requirements', () => {
  const { requirements, misforms } = parsePage(page, 'x.md')
  assert.equal(misforms, [])
  assert.equal(requirements, [
    {
      id: 'BYOK-9001',
      title: 'A blob has two halves',
      level: 'MUST',
      roles: ['vault HSM', 'tool'],
      sources: ['A document, §1', 'RFC 1'],
      reading: 'strict',
      chapter: 'The blob',
      text: 'First paragraph.\n\n- a list',
      interpretation: 'the document is silent.',
      check: 'one looks.',
      withdrawn: false,
      page: 'x.md',
      line: 5,
    },
    {
      id: 'BYOK-9002',
      title: 'Something permitted',
      level: 'MAY',
      roles: ['all'],
      sources: ['this specification'],
      status: 'later',
      chapter: 'The blob',
      text: requirements[1]?.text,
      withdrawn: false,
      page: 'x.md',
      line: 17,
    },
  ])
  assert.match(requirements[1]?.text ?? '', 'Text only.')
})

reader('reads tables', () => {
  const { tables } = parsePage(page, 'x.md')
  assert.equal(tables, [
    {
      name: 'faults',
      page: 'x.md',
      line: 23,
      columns: ['fault', 'requirement'],
      rows: [
        { fault: 'some_fault', requirement: 'BYOK-9001' },
        { fault: 'a `b` c', requirement: '' },
      ],
    },
  ])
})

const metadata = '**MUST** · role: vault HSM, tool · source: A document, §1; RFC 1 · reading: strict'
for (const [title, from, to, line] of [
  ['a hyphen for the dash', 'BYOK-9001 — A', 'BYOK-9001 - A', 5],
  ['a number with a leading zero', 'BYOK-9001', 'BYOK-09001', 5],
  ['a heading of another depth', '### BYOK-9001', '#### BYOK-9001', 5],
  ['no empty line before the metadata', 'two halves\n\n', 'two halves\n', 5],
  ['an unknown level', '**MUST**', '**SHALL**', 7],
  ['no role', ' · role: vault HSM, tool', '', 7],
  ['an unknown role', 'vault HSM, tool', 'vault HSM, postman', 7],
  ['a role of the other protocol', 'vault HSM, tool', 'vault HSM, minidriver', 7],
  ['no source', ' · source: A document, §1; RFC 1', '', 7],
  ['an unknown key', ' · reading: strict', ' · mood: strict', 7],
  ['an unknown reading', ' · reading: strict', ' · reading: lax', 7],
  ['keys out of order', metadata, '**MUST** · source: A · role: tool', 7],
  ['a key given twice', metadata, `${metadata} · reading: strict`, 7],
  ['a check before the reading', 'Reading: the document is silent.\n\nCheck: one looks.', 'Check: one looks.\n\nReading: silent.', 5],
  ['two checks', 'Check: one looks.', 'Check: one looks.\n\nCheck: twice.', 5],
  ['a requirement without text', 'First paragraph.\n\n- a list\n', '', 5],
  ['a marker that is misspelt', '<!-- table: faults -->', '<!--table faults-->', 23],
  ['a table without its rule', '|---|---|\n', '', 23],
  ['a row with a cell too many', '| BYOK-9001 |', '| BYOK-9001 | |', 26],
  ['a withdrawn MUST', 'A blob has two halves', 'A blob has two halves (withdrawn)', 7],
] as const)
  reader(`refuses ${title}`, () => {
    assert.ok(page.includes(from))
    const { misforms } = parsePage(page.replace(from, to), 'x.md')
    assert.ok(
      misforms.some((misform) => misform.line === line),
      JSON.stringify(misforms),
    )
  })

reader('knows the roles of either protocol, and those of both', () => {
  const [byok, ski] = [rolesOf('BYOK-1'), rolesOf('SKI-1')]
  assert.equal(
    byok.filter((role) => ski.includes(role)),
    ['client', 'enclave', 'port', 'writer', 'reader', 'all'],
  )
  assert.equal(
    ski.filter((role) => !byok.includes(role)),
    ['minidriver', 'card', 'server', 'archive'],
  )
})

reader('leaves fenced blocks out and keeps the numbers of lines', () => {
  assert.equal(withoutFences('a\n````text\n```\nb\n```\n````\nc'), ['a', '', '', '', '', '', 'c'])
})

reader('finds ids in a text, each once', () => {
  assert.equal(citedIn('BYOK-12, SKI-3 (BYOK-12); XBYOK-4, BYOK-0, BYOK-n'), ['BYOK-12', 'SKI-3'])
})

reader.run()
