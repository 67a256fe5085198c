/**
 * What a walk over a transfer file tells, and who listens: a report for a person keeps every field and finding; a reader wants to know the
 * first refusal and nothing else.
 *
 * Files come from strangers, and a file has room for thousands of faults of one kind. A report tells the first ones and counts the rest.
 * @module
 */
import { byokFault, faultText, type ByokFault, type ByokFaultCode } from './faults.js'
import type { KidFault } from './kid.js'
import type { BlobLengthFault } from './transfer-format.js'

/** What may be wrong with a transfer file. */
export type TransferFileFault = ByokFault<
  | (KidFault | BlobLengthFault)['code']
  | Extract<ByokFaultCode, `file_${string}` | `member_${string}` | `schema_version_${string}` | `ciphertext_${string}` | `generator_${string}`>
  | 'header_not_object'
  | 'alg_unknown'
  | 'enc_unknown'
  | 'constant_case'
>

/** A code of {@link TransferFileFault}. */
export type TransferCode = TransferFileFault['code']

/** One thing that is wrong, or not as it should be. */
export type Finding = TransferFileFault & {
  /** `MUST`: this reading refuses the file. `SHOULD`: tolerated, but no writer should do it. */
  readonly level: 'MUST' | 'SHOULD'
  /** The sentence for a person. */
  readonly text: string
}

/** One part of a file, for a person. */
export interface Field {
  /** Where it is: a path of member names; `C1` and `C2` are the parts of the blob. */
  readonly name: string
  /** Offset in bytes: in the file, or for the parts of the blob in the blob. */
  readonly offset: number
  /** Size in bytes; that of a text with its quotation marks. */
  readonly size: number
  /** What it says, fit for a terminal. */
  readonly value: string
  readonly meaning: string
}

/** How many findings with one code, and how many fields that are not part of the format, an inspection tells. */
export const MOST_OF_A_CODE = 32

/** Who hears what the walk finds. Faults and fields are put together only for a listener that wants them. */
export interface Listener {
  /** Something is wrong, or not as it should be. */
  readonly finding: (level: Finding['level'], code: TransferCode, fault: () => TransferFileFault) => void
  /** A part of the file that is shown. */
  readonly field: (field: () => Field) => void
}

/** Keeps what a person is told. */
export class Report implements Listener {
  /** In the order of the file. */
  readonly fields: Field[] = []
  /** Whether a finding is of level MUST. */
  refused = false
  readonly #told: Finding[] = []
  readonly #counts = new Map<TransferCode, { readonly level: Finding['level']; readonly count: number }>()

  /** See {@link Listener}. */
  finding(level: Finding['level'], code: TransferCode, fault: () => TransferFileFault): void {
    this.refused ||= level === 'MUST'
    const count = (this.#counts.get(code)?.count ?? 0) + 1
    this.#counts.set(code, { level, count })
    if (count <= MOST_OF_A_CODE) this.#told.push({ ...fault(), level, text: faultText(code) })
  }

  /** See {@link Listener}. */
  field(field: () => Field): void {
    this.fields.push(field())
  }

  /** What was found, and of what there was too much. */
  findings(): readonly Finding[] {
    const rest = [...this.#counts].filter(([, { count }]) => count > MOST_OF_A_CODE)
    const counted = rest.map(([code, { level, count }]): Finding => {
      return { ...byokFault(code, { found: `${count - MOST_OF_A_CODE} more` }), level, text: faultText(code) }
    })
    return [...this.#told, ...counted]
  }
}

/** Ends a walk at the first refusal. */
export class Refused extends Error {
  constructor(
    /** Why the file is refused. */
    readonly fault: TransferFileFault,
  ) {
    super(fault.code)
  }
}

/** Wants nothing but the first refusal. */
export const LISTENER_FOR_REFUSALS: Listener = {
  finding(level, _code, fault) {
    if (level === 'MUST') throw new Refused(fault())
  },
  field() {},
}
