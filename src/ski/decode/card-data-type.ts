/**
 * In words: `CARD_DATA`, version 7, for two ABIs.
 *
 * Requirements: SKI-95, SKI-146.
 * @module
 */
import { readLittleEndian } from '../../bytes/little-endian.js'
import { CARD_DATA, CARD_DATA_BYTES, INTERFACE_VERSIONS } from '../constants/card-data.js'
import { bothAbis, isAddress, pointerAt } from './abi.js'
import { code, counted, handle, lengthOf, pointer } from './explain.js'
import { readingOf, type StructureType } from './types.js'

/** What may be wrong with it beside its layout. */
export type CardDataCode = 'card_data_version_unknown' | 'pointer_too_large'

/** Both layouts. */
export const CARD_DATA_TYPES: readonly StructureType[] = bothAbis((abi) => ({
  structure: 'CARD_DATA',
  title: 'the structure through which a caller and a minidriver find each other',
  requirement: 'SKI-95',
  read: readingOf((bytes, observe) =>
    readLittleEndian<null, CardDataCode>(bytes, { name: 'CARD_DATA', requirement: 'SKI-95', observe }, (le) => {
      for (const { name, [abi]: offset } of CARD_DATA) {
        if (offset > le.offset) le.reserved('padding', offset - le.offset)
        if (name === 'dwVersion') {
          const found = le.u32(name)
          if (interfaceVersion(found) === null) le.refuse({ code: 'card_data_version_unknown', found, wanted: '4 to 7', requirement: 'SKI-146' }, name, 0)
        } else if (name === 'cbAtr') le.u32(name)
        else if (abi === 'x86') le.u32(name)
        else if (le.u64(name) === null) le.refuse({ code: 'pointer_too_large', wanted: 'below 2^53' }, name, offset)
      }
      return null
    }),
  ),
  members: {
    ...Object.fromEntries(CARD_DATA.map(({ name, version: since }) => [name, pointer(`${pointee(name)}${since > 4 ? `, since version ${since}` : ''}`)])),
    dwVersion: code('version of the interface', interfaceVersion),
    cbAtr: lengthOf('the ATR'),
    padding: counted('padding'),
    hSCardCtx: handle('the PC/SC context, 0 in no-card mode'),
    hScard: handle('the card, 0 in no-card mode'),
  },
  signs: [
    [16, (view) => view.length === CARD_DATA_BYTES[abi]],
    [30, (view) => interfaceVersion(view.u32(0)) !== null],
    [20, (view) => CARD_DATA.slice(4, 9).every(({ [abi]: offset }) => isAddress(pointerAt(view, offset, abi)))],
  ],
}))

function interfaceVersion(found: number): string | null {
  return INTERFACE_VERSIONS.find((each) => each.version === found)?.meaning ?? null
}

function pointee(name: string): string {
  if (name.startsWith('pfn')) return `${name.startsWith('pfnCsp') ? 'the caller’s function' : 'the minidriver’s function'} ${name.slice(3)}`
  return name.replace(/^(?:pbwsz|pwsz|pb|pv)/, '')
}
