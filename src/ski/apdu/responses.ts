/**
 * The minidriver's side of an answer that comes in several pieces: asks with GET RESPONSE until all of it is there. The
 * card's side is in `chaining.ts`.
 *
 * The card may be anybody: pieces have to bring something, and they end at 65 536 bytes.
 *
 * Spec: spec/ski-apdu.md, SKI-191; ISO/IEC 7816-4 §5.3.4.
 * @module
 */
import { fromHex, toHex } from '../../bytes/hex.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import { classByte, decodeResponseApdu, encodeCommandApdu, MOST_RESPONSE_DATA, SHORT_ANSWER, type ApduFault, type ResponseApdu } from './apdu.js'
import { GET_RESPONSE } from './instructions.js'
import { hasMore } from './status-words.js'

/** What has come so far. Plain data. */
export interface Gathering {
  readonly channel: number
  /** Whether GET RESPONSE has extended lengths. */
  readonly extended: boolean
  /** Hex; `null` before the first piece. */
  readonly data: string | null
}

/** Before the first piece. */
export const gathering = (channel: number, extended = false): Gathering => ({ channel, extended, data: null })

/** What comes of one piece: the command that asks for the next one, or the whole answer. */
export type Gathered =
  | { readonly state: Gathering; readonly ask: Uint8Array; readonly response?: undefined }
  | { readonly state: Gathering; readonly response: ResponseApdu; readonly ask?: undefined }

/** Why the pieces make no answer. */
export type GatherFault = ApduFault | Fault<'answer_stalled' | 'answer_too_long'>

/** Takes one piece, whatever its bytes. */
export function gather(state: Gathering, bytes: Uint8Array): Verdict<Gathered, GatherFault> {
  const piece = decodeResponseApdu(bytes)
  if (!piece.ok) return piece
  const { data, sw } = piece.value
  const { channel, extended } = state
  const all = (state.data ?? '') + toHex(data)
  if (all.length > 2 * MOST_RESPONSE_DATA)
    return refuse({ code: 'answer_too_long', at: 'answer', found: all.length / 2, wanted: `at most ${MOST_RESPONSE_DATA}`, requirement: 'SKI-191' })
  if (!hasMore(sw)) return accept({ state: gathering(channel, extended), response: { data: fromHex(all)!, sw } })
  // The first piece may be empty, where the command had no Le; a later one that is empty would come again and again.
  if (state.data !== null && data.length === 0) return refuse({ code: 'answer_stalled', at: 'SW1, offset 0', found: sw, requirement: 'SKI-191' })
  const le = extended ? MOST_RESPONSE_DATA : sw & 0xff || SHORT_ANSWER
  const cla = classByte({ own: false, chained: false, channel })
  return accept({
    state: { channel, extended, data: all },
    ask: encodeCommandApdu({ cla, ins: GET_RESPONSE, p1: 0, p2: 0, data: new Uint8Array(), le, extended }),
  })
}
