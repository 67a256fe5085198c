/**
 * The known word that somebody probably meant.
 * @module
 */

/** The nearest of `known`, or `null` where none is near: at most one slip in three letters, or a beginning of the word. */
export function nearest(word: string, known: readonly string[]): string | null {
  const meant = word.toLowerCase()
  let best: string | null = null
  let least = Infinity
  for (const candidate of known) {
    const distance = editDistance(meant, candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  if (best !== null && least <= Math.max(1, Math.floor(Math.min(meant.length, best.length) / 3))) return best
  return meant.length >= 2 ? (known.find((candidate) => candidate.toLowerCase().startsWith(meant)) ?? null) : null
}

/** How many letters to change, drop, add or swap with their neighbour (Damerau's distance in its restricted form). */
export function editDistance(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length]!
}
