/**
 * The key transfer file (`.byok`): a small JSON object around a transfer blob, written by a BYOK tool and uploaded as opaque bytes.
 *
 * There is one walk over a file (`transfer-inspect.ts`), and reading is that walk up to its first refusal, so what a person is shown and
 * what a vault does cannot differ. Opening the blob is not done here.
 *
 * Requirements: BYOK-80, BYOK-83, BYOK-86, BYOK-87, BYOK-97, BYOK-98; for reading see `transfer-inspect.ts`.
 * @module
 */
import { fromBase64url } from '../bytes/base64.js'
import { utf8 } from '../bytes/bytes.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { checkGenerator, type GeneratorFault } from './display.js'
import { byokFault, type ByokFault } from './faults.js'
import { formatKid, parseKid, type KidFault } from './kid.js'
import type { Transfer } from './messages.js'
import { checkBlobLength, TRANSFER_CONSTANTS, type BlobLengthFault, type TransferFile } from './transfer-format.js'
import { firstRefusal, type InspectionOptions } from './transfer-inspect.js'
import type { TransferFileFault } from './transfer-report.js'

/** Why a file cannot be written. */
export type TransferWriteFault = KidFault | GeneratorFault | BlobLengthFault | ByokFault<'ciphertext_character_unknown'>

/**
 * Writes a transfer file: members in the order of the document, two spaces, line feeds, one line feed at the end.
 * What it writes, the strict reader reads. The parts come from other roles, so what is wrong with them is a fault, not a `TypeError`.
 */
export function writeTransferFile(file: Transfer & { readonly generator: string }): Verdict<Uint8Array, TransferWriteFault> {
  const kid = parseKid(formatKid(file.kek))
  if (!kid.ok) return kid
  const blob = fromBase64url(file.ciphertext)
  if (!blob.ok) return refuse(byokFault('ciphertext_character_unknown', { at: `ciphertext, ${blob.fault.at ?? 'offset 0'}` }))
  const length = checkBlobLength(blob.value.length)
  if (length) return refuse({ ...length, at: 'ciphertext' })
  const generator = checkGenerator(file.generator)
  if (!generator.ok) return generator

  const { schema_version, alg, enc } = TRANSFER_CONSTANTS
  const object = { schema_version, header: { kid: formatKid(kid.value), alg, enc }, ciphertext: file.ciphertext, generator: file.generator }
  return accept(utf8(`${JSON.stringify(object, null, 2)}\n`))
}

/** Reads a transfer file up to its first fault. */
export function readTransferFile(bytes: Uint8Array, options: InspectionOptions): Verdict<TransferFile, TransferFileFault> {
  return firstRefusal(bytes, options)
}
