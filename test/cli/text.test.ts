import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printLines, useColour, type Sink } from '../../tools/cli/io.js'
import { jsonText, render, styled, table, wrapWords } from '../../tools/cli/text.js'

/** What a terminal, or a reader of text from right to left, would act on. */
const active = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u

const text = suite('text for a terminal')

text('BYOK-97 no word brings control characters, in whatever style', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => {
      assert.not.match(render([word, styled('bad', word)], false), active)
      const coloured = render(styled('bad', word), true)
      assert.ok(coloured.startsWith('\x1b[31m') && coloured.endsWith('\x1b[39m'))
      assert.not.match(coloured.slice(5, -5), active)
    }),
  ),
)

text('BYOK-97 JSON shows them escaped and loses nothing', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => {
      const json = jsonText({ [word]: word })
      assert.not.match(json.replaceAll('\n', ''), active)
      assert.equal(Object.entries(JSON.parse(json)), [[word, word]])
    }),
  ),
)

text('a line feed in a value makes no second line', () => {
  let written = ''
  const sink: Sink = { write: (piece) => void (written += piece), isTerminal: false }
  printLines(sink, {}, table([['generator', 'me\nkeyferry: all is well']]))
  assert.is(written, 'generator  mekeyferry: all is well\n')
})

text('columns are as wide as what is seen of them', () => {
  const lines = table([
    [styled('good', 'ab'), '1', 'x'],
    ['a\x1b[31mbcd', '23', ''],
  ])
  assert.equal(
    lines.map((line) => render(line, false)),
    ['ab        1   x', 'a[31mbcd  23  '],
  )
})

text('words are wrapped at spaces only', () => {
  assert.equal(wrapWords('one two three', 7), ['one two', 'three'])
  assert.equal(wrapWords('averylongword b', 4), ['averylongword', 'b'])
})

for (const [what, isTerminal, env, expected] of [
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
] as const)
  text(`colours for ${what}: ${expected ? 'yes' : 'no'}`, () => assert.is(useColour({ isTerminal, write: () => {} }, env), expected))

text.run()
