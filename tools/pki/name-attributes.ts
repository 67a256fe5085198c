/**
 * The attributes of a distinguished name: their keywords, how their values are written, and what text a value stands for.
 *
 * Values are written as RFC 5280 §4.1.2.4 wants: UTF8String, except where the attribute's own definition leaves no choice.
 * Every string type that has a plain meaning as text is read; of the others the caller shows the bytes.
 * @module
 */
import { fromUtf8, utf8 } from '../../src/bytes/bytes.js'

/** An attribute that has a keyword. */
export interface NameAttribute {
  /** As RFC 4514 §3 writes it, or OpenSSL where that document has no keyword. */
  readonly keyword: string
  /** In dotted form. */
  readonly type: string
  /** How a value is written. */
  readonly string: 'utf8' | 'printable' | 'ia5'
  /** The upper bound of RFC 5280 Appendix A.1, in characters; of domain components and user ids, the limit of RFC 4519. */
  readonly most: number
}

/** The attributes with a keyword: the nine of RFC 4514 §3, and two that certificates use beside them. */
export const NAME_ATTRIBUTES: readonly NameAttribute[] = [
  { keyword: 'CN', type: '2.5.4.3', string: 'utf8', most: 64 },
  { keyword: 'L', type: '2.5.4.7', string: 'utf8', most: 128 },
  { keyword: 'ST', type: '2.5.4.8', string: 'utf8', most: 128 },
  { keyword: 'O', type: '2.5.4.10', string: 'utf8', most: 64 },
  { keyword: 'OU', type: '2.5.4.11', string: 'utf8', most: 64 },
  { keyword: 'C', type: '2.5.4.6', string: 'printable', most: 2 },
  { keyword: 'STREET', type: '2.5.4.9', string: 'utf8', most: 128 },
  { keyword: 'DC', type: '0.9.2342.19200300.100.1.25', string: 'ia5', most: 63 },
  { keyword: 'UID', type: '0.9.2342.19200300.100.1.1', string: 'utf8', most: 256 },
  { keyword: 'E', type: '1.2.840.113549.1.9.1', string: 'ia5', most: 255 },
  { keyword: 'SERIALNUMBER', type: '2.5.4.5', string: 'printable', most: 64 },
]

/** A value as tag and content, or `null` where the attribute does not take this text. */
export function encodeValue({ string, most, keyword }: NameAttribute, text: string): { readonly tag: number; readonly content: Uint8Array } | null {
  const { length } = [...text]
  if (length < 1 || length > most || (keyword === 'C' && length !== 2)) return null
  if (string === 'printable' && !PRINTABLE.test(text)) return null
  if (string === 'ia5' && !ASCII.test(text)) return null
  return { tag: STRING_TAG[string], content: utf8(text) }
}

/** The text that a value stands for, or `null` where it is no string or none of its type. */
export function decodeValue(tag: number, content: Uint8Array): string | null {
  switch (tag) {
    case STRING_TAG.utf8:
      return fromUtf8(content)
    case STRING_TAG.printable:
      return textIf(PRINTABLE, content)
    case STRING_TAG.ia5:
      return textIf(ASCII, content)
    default:
      return null
  }
}

function textIf(characters: RegExp, content: Uint8Array): string | null {
  const text = fromUtf8(content)
  return text !== null && characters.test(text) ? text : null
}

/** X.680 §41: tag bytes of the string types. */
const STRING_TAG = { utf8: 0x0c, printable: 0x13, ia5: 0x16 } as const
/** X.680 §41.4, table 10. */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/

const ASCII = /^[\x00-\x7f]*$/
