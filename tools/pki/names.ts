/**
 * Distinguished names: RFC 4514 text on one side, the DER of an X.501 Name on the other.
 *
 * Text is taken in the form of RFC 4514 §3, spaces before a keyword tolerated; types without a keyword are written in dotted
 * form and their values as `#` and the hex of their DER, as §2.4 there asks. What is written escapes what that section
 * names, and characters that nobody sees: a name is shown to people who decide by it.
 *
 * A name that is read and written again may choose other string types, so it is not the same bytes: whoever has to repeat a
 * name (an issuer beside a serial number) repeats its bytes.
 *
 * Spec: spec/ski.md, SKI-263, SKI-264.
 * @module
 */
import { fromUtf8, utf8 } from '../../src/bytes/bytes.js'
import { element, objectIdentifier, readDer, sequence, TAG, writeDer, type DerCursor, type DerElement } from '../../src/bytes/der.js'
import { fromHex, toHex } from '../../src/bytes/hex.js'
import type { PkiFault } from '../../src/ski/pki.js'
import { accept, refuse, type Verdict } from '../../src/verdict.js'
import { decodeValue, encodeValue, NAME_ATTRIBUTES } from './name-attributes.js'

/** The DER of the name that a text says. The empty text is none: a subject without a name says nothing here. */
export function encodeName(text: string): Verdict<Uint8Array, PkiFault> {
  if (text.length > LONGEST_TEXT) return malformed({ found: text.length, wanted: `at most ${LONGEST_TEXT} characters` })
  if (/\p{Cs}/u.test(text)) return malformed({ found: 'half of a surrogate pair' })
  const reader = new NameText(text)
  const rdns: DerElement[] = []
  let attributes: Uint8Array[] = []
  for (;;) {
    const attribute = reader.attribute()
    if (!attribute.ok) return attribute
    attributes.push(attribute.value)
    const separator = reader.separator()
    if (separator === '+') continue
    // X.690 §11.6: a SET OF is sorted by its encodings.
    rdns.push(element(SET, ...attributes.toSorted(compareBytes)))
    attributes = []
    if (separator === null) break
  }
  // §2.1: the text begins with the last one.
  return accept(writeDer(sequence(...rdns.reverse())))
}

/** Reads a Name, and gives its text. `bytes` is what the cursor goes through. */
export function readName(der: DerCursor<PkiFault['code']>, bytes: Uint8Array, name: string): string {
  return der.sequence(name, (rdns) => {
    const texts: string[] = []
    while (!rdns.done) texts.push(rdns.constructed(SET, 'RelativeDistinguishedName', (rdn) => readRdn(rdn, bytes)))
    return texts.reverse().join(',')
  })
}

function readRdn(rdn: DerCursor<PkiFault['code']>, bytes: Uint8Array): string {
  if (rdn.done) rdn.refuse({ code: 'name_malformed', wanted: 'an attribute' })
  const texts: string[] = []
  while (!rdn.done)
    texts.push(
      rdn.sequence('AttributeTypeAndValue', (attribute) => {
        const type = attribute.objectIdentifier('type')
        const start = attribute.offset
        attribute.skip('value')
        return attributeText(type, bytes.subarray(start, attribute.offset))
      }),
    )
  return texts.join('+')
}

/** §2.3 and §2.4. */
function attributeText(type: string, value: Uint8Array): string {
  const keyword = NAME_ATTRIBUTES.find((known) => known.type === type)?.keyword
  const { tag, content } = elementParts(value)
  const text = keyword === undefined ? null : decodeValue(tag, content)
  return text === null ? `${keyword ?? type}=#${toHex(value)}` : `${keyword}=${escaped(text)}`
}

/** What the grammar needs escaped, and what nobody sees. */
function escaped(text: string): string {
  return [...text]
    .map((character, i, { length }) => {
      const outermost = (character === ' ' && (i === 0 || i === length - 1)) || (character === '#' && i === 0)
      if (outermost || /["+,;<>\\]/.test(character)) return `\\${character}`
      return UNSEEN.test(character) ? toHex(utf8(character)).replace(/../g, '\\$&') : character
    })
    .join('')
}

/** Goes through a text, attribute by attribute. */
class NameText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** `type=value` as the DER of an AttributeTypeAndValue. */
  attribute(): Verdict<Uint8Array, PkiFault> {
    this.#take(/ */y)
    const start = this.#at
    const type = this.#take(/[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+/y)
    if (type === '' || this.#take(/=/y) === '') return this.#malformed('an attribute type and `=`')
    const known = NAME_ATTRIBUTES.find(({ keyword, type: dotted }) => keyword === type.toUpperCase() || dotted === type)
    const dotted = known?.type ?? type
    if (!isObjectIdentifier(dotted)) return this.#malformed('a keyword that is known here, or an object identifier', start)
    const valueStart = this.#at
    const value = this.#take(/#/y) === '' ? this.#string() : this.#hex()
    if (!value.ok) return value
    if (typeof value.value !== 'string') return accept(writeDer(sequence(objectIdentifier(dotted), element(value.value.tag, value.value.content))))
    if (!known) return this.#malformed('`#` and the hex of the value, as its type has no keyword', valueStart)
    const encoded = encodeValue(known, value.value)
    if (!encoded) return this.#malformed(`a value that ${known.keyword} takes`, valueStart)
    return accept(writeDer(sequence(objectIdentifier(dotted), element(encoded.tag, encoded.content))))
  }

  /** What stands behind an attribute: `,`, `+`, or `null` at the end. Only called behind a value, which nothing else can end. */
  separator(): ',' | '+' | null {
    const found = this.#take(/[,+]/y)
    return found === '' ? null : (found as ',' | '+')
  }

  /** §3, `hexstring`: one DER element. */
  #hex(): Verdict<{ readonly tag: number; readonly content: Uint8Array }, PkiFault> {
    const start = this.#at
    const bytes = fromHex(this.#take(/[0-9A-Fa-f]*/y))
    if (!bytes || !this.#atEnd || !readDer(bytes, (der) => der.skip('value')).ok) return this.#malformed('the hex of one DER element', start)
    return accept(elementParts(bytes))
  }

  /** §3, `string`. */
  #string(): Verdict<string, PkiFault> {
    const start = this.#at
    const bytes: number[] = []
    let spaces = 0
    while (!this.#atEnd) {
      const plain = this.#take(/[^\0"+,;<>\\]/uy)
      const pair = plain === '' ? this.#take(/\\(?:[0-9A-Fa-f]{2}|[ "#+,;<=>\\])/y).slice(1) : ''
      if (plain === '' && pair === '') return this.#malformed('an escaped character')
      spaces = plain === ' ' ? spaces + 1 : 0
      if (pair.length === 2) bytes.push(parseInt(pair, 16))
      else bytes.push(...utf8(plain + pair))
    }
    if (this.#text[start] === ' ' || spaces > 0) return this.#malformed('no space around a value that is not escaped', start)
    const text = fromUtf8(Uint8Array.from(bytes))
    return text === null ? this.#malformed('UTF-8', start) : accept(text)
  }

  /** Whether the value ends here. */
  get #atEnd(): boolean {
    return this.#at === this.#text.length || this.#text[this.#at] === ',' || this.#text[this.#at] === '+'
  }

  /** What a sticky expression finds here, passed over; the empty text if nothing. */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#at
    const [found = ''] = expression.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }

  #malformed(wanted: string, at = this.#at) {
    return malformed({ at: `character ${at}`, wanted })
  }
}

/** The tag and the content of an element whose encoding is known to be good. */
function elementParts(bytes: Uint8Array): { readonly tag: number; readonly content: Uint8Array } {
  const length = bytes[1]!
  return { tag: bytes[0]!, content: bytes.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f)) }
}

function isObjectIdentifier(dotted: string): boolean {
  try {
    writeDer(objectIdentifier(dotted))
    return true
  } catch {
    return false
  }
}

/** The order of a SET OF: byte by byte, a shorter one that is the start of a longer one before it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1)
}

const malformed = (details: Omit<PkiFault, 'code'>) => refuse<PkiFault>({ code: 'name_malformed', ...details })

/** Control and format characters, line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const SET = TAG.sequence | 1
/** More than any name that fits its attributes' bounds needs. */
const LONGEST_TEXT = 4096
