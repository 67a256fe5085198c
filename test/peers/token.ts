/**
 * PKCS#11 soft tokens that can be had here, each in a process of its own, with a fresh token that goes away with it.
 *
 * `pkcs11js` is no dependency: `.ci/run` installs it in a folder of its own and names it in `KEYFERRY_PKCS11JS`. SoftHSM2
 * keeps its tokens in a folder that its configuration names. opencryptoki keeps them in places of the whole system and
 * needs a daemon, so it gets those places, and the daemon, for itself: in namespaces that end with the process. That takes
 * root and Linux.
 * @module
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { folderOf, given } from '../support/folder.js'
import type { Answer, Request } from './token-process.js'

/** A token that can be asked. */
export interface Peer {
  /** The value of an answer; an error of the token is an `Error` with the name of its code. */
  ask(request: Request): Promise<Extract<Answer, { value: unknown }>['value']>
  /** Ends the process, and with it everything that was in the token. */
  end(): void
}

/** A kind of token. */
export interface PeerKind {
  readonly name: string
  /** Why it cannot be had here, or `null`. */
  readonly missing: string | null
  readonly start: () => Peer
}

const pkcs11js = process.env['KEYFERRY_PKCS11JS'] ?? ''
const noModule = pkcs11js === '' ? 'KEYFERRY_PKCS11JS names no folder of pkcs11js' : existsSync(join(pkcs11js, 'package.json')) ? null : 'no pkcs11js'

const libraryOf = (...names: readonly string[]): string | null =>
  ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path)) ?? null

const softHsm = libraryOf('softhsm/libsofthsm2.so', 'pkcs11/libsofthsm2.so')
const opencryptoki = libraryOf('pkcs11/libopencryptoki.so', 'opencryptoki/libopencryptoki.so')
/** Where opencryptoki keeps tokens and locks, and its own description of its slots. */
const OPENCRYPTOKI_PLACES = ['/var/lib/opencryptoki', '/run/lock', '/etc/opencryptoki/opencryptoki.conf']
const OPENCRYPTOKI_SLOT = 3
const UNSHARE = ['--mount', '--ipc', '--pid', '--fork', '--mount-proc', '--kill-child']

/** Every kind of token that is tried. */
export const PEERS: readonly PeerKind[] = [
  {
    name: 'SoftHSM2',
    missing: noModule ?? (softHsm === null ? 'no SoftHSM2' : null),
    start: () => {
      const tokens = folderOf('softhsm')
      const SOFTHSM2_CONF = given('softhsm2.conf', `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
      return peer(spawn(process.execPath, words(softHsm!, 0), { env: { ...process.env, SOFTHSM2_CONF } }))
    },
  },
  {
    name: 'opencryptoki',
    missing: noModule ?? opencryptokiMissing(),
    start: () => {
      const slots = given('opencryptoki.conf', `version opencryptoki-3.1\nslot ${OPENCRYPTOKI_SLOT}\n{\nstdll = libpkcs11_sw.so\n}\n`)
      const own = [...UNSHARE, 'bash', '-c', OWN_PLACES, 'bash', slots, process.execPath, ...words(opencryptoki!, OPENCRYPTOKI_SLOT)]
      return peer(spawn('unshare', own))
    },
  },
]

/** Empty places of its own for the token, in this mount namespace only; then the daemon, and the program that is to run. */
const OWN_PLACES = `
  set -e
  mount -t tmpfs tmpfs /var/lib/opencryptoki
  mount -t tmpfs tmpfs /run/lock
  mount -t tmpfs tmpfs /dev/shm
  mkdir -p /var/lib/opencryptoki/swtok/TOK_OBJ /run/lock/opencryptoki/swtok
  chgrp -R pkcs11 /var/lib/opencryptoki /run/lock/opencryptoki
  chmod -R 770 /var/lib/opencryptoki /run/lock/opencryptoki
  mount --bind "$1" /etc/opencryptoki/opencryptoki.conf
  shift
  pkcsslotd >&2
  for i in $(seq 50); do pkcsconf -s >/dev/null 2>&1 && break; sleep 0.1; done
  exec "$@"`

function opencryptokiMissing(): string | null {
  if (opencryptoki === null || !OPENCRYPTOKI_PLACES.every((path) => existsSync(path))) return 'no opencryptoki'
  if (process.getuid?.() !== 0) return 'opencryptoki has its places to itself only for root'
  return spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm']).status === 0 ? null : 'no namespaces for opencryptoki'
}

/** The first PIN of the officer: of opencryptoki it is fixed, of SoftHSM2 anything. */
const OFFICER_PIN = '87654321'
const words = (library: string, slot: number): readonly string[] => [
  '--import',
  import.meta.resolve('tsx'),
  join(import.meta.dirname, 'token-process.ts'),
  pkcs11js,
  library,
  String(slot),
  OFFICER_PIN,
]

/** Milliseconds; the longest is an RSA key on a busy machine. */
const LONGEST_ANSWER = 100_000

/** Speaks with the process: answers come in the order of the requests. */
function peer(child: ChildProcessWithoutNullStreams): Peer {
  const waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = []
  let complaint = ''
  let over: Error | null = null
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
  // A token that is gone closes its pipe: the request is answered by its end.
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line) as Answer))
  const ended = (why: string) => {
    over = new Error(`the token's process has ended: ${why}\n${complaint}`)
    for (const { reject } of waiting.splice(0)) reject(over)
  }
  child.on('error', (error) => ended(error.message)).on('close', (code) => ended(`code ${code}`))
  process.on('exit', () => child.kill('SIGKILL'))
  return {
    ask: async (request) => {
      if (over) throw over
      // A daemon that hangs is no answer.
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_ANSWER)
      const answer = await new Promise<Answer>((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${JSON.stringify(request)}\n`)
      }).finally(() => clearTimeout(timer))
      if ('error' in answer) throw new Error(answer.error)
      return answer.value
    },
    end: () => void child.stdin.end(),
  }
}
