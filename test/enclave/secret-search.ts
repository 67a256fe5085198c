/**
 * Looks for a secret in something public, in the forms in which secrets are found in logs: raw, hex, base64 in all three
 * phases and nested once, base64url, decimal lists, and all of that reversed. Parts of sixteen bytes are enough, unless the
 * secret has public parts itself (a PKCS#8 has) and is to be looked for as a whole.
 * @module
 */
import { inspect } from 'node:util'

/** The form in which a secret occurs in a value, or `null`. */
export function findSecret(value: unknown, secret: Uint8Array, whole = false): string | null {
  const haystack = textsOf(value).join('\n')
  for (const [name, form] of formsOf(secret, whole ? secret.length : 16)) if (haystack.includes(form)) return name
  return null
}

function* formsOf(secret: Uint8Array, length: number): Generator<[name: string, form: string]> {
  const size = Math.min(length, secret.length)
  const middle = Math.floor((secret.length - size) / 2)
  for (const at of new Set([0, middle, secret.length - size])) {
    const part = Buffer.from(secret.subarray(at, at + size))
    for (const [direction, bytes] of [
      ['', part],
      ['reversed ', Buffer.from(part).reverse()],
    ] as const) {
      yield [`${direction}raw`, bytes.toString('latin1')]
      yield [`${direction}hex`, bytes.toString('hex')]
      yield [`${direction}hex in capitals`, bytes.toString('hex').toUpperCase()]
      yield [`${direction}decimal list`, [...bytes].join(',')]
      yield [`${direction}decimal list with spaces`, [...bytes].join(', ')]
      for (const phase of [0, 1, 2]) {
        const inner = inBase64(bytes, phase)
        yield [`${direction}base64, phase ${phase}`, inner]
        yield [`${direction}base64url, phase ${phase}`, urlForm(inner)]
        for (const outer of [0, 1, 2]) {
          yield [`${direction}base64 of base64, phases ${phase} ${outer}`, inBase64(Buffer.from(inner), outer)]
          yield [`${direction}base64 of base64url, phases ${phase} ${outer}`, inBase64(Buffer.from(urlForm(inner)), outer)]
        }
      }
    }
  }
}

/** The characters that the bytes always give in base64 when `phase` unknown bytes stand before them. */
function inBase64(bytes: Buffer, phase: number): string {
  const text = Buffer.concat([Buffer.alloc(phase), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const partial = (phase + bytes.length) % 3
  return text.slice(phase === 0 ? 0 : phase + 1, partial === 0 ? text.length : text.length - 1)
}

const urlForm = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')

function textsOf(value: unknown): string[] {
  const texts: string[] = []
  const seen = new Set<unknown>()
  const visit = (one: unknown): void => {
    if (typeof one === 'string') texts.push(one)
    if (typeof one !== 'object' || one === null || seen.has(one)) return
    seen.add(one)
    if (one instanceof Uint8Array) texts.push(Buffer.from(one).toString('latin1'))
    else if (one instanceof Error) texts.push(one.message, one.stack ?? '')
    for (const name of Reflect.ownKeys(one)) visit((one as Record<PropertyKey, unknown>)[name])
  }
  visit(value)
  texts.push(inspect(value, { depth: 20, maxArrayLength: null, showHidden: true, breakLength: Infinity }))
  texts.push(JSON.stringify(value) ?? '')
  return texts
}
