/**
 * What every file of the project keeps to, whatever it says.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { partialRuns, suitesWithoutRun } from '../suites.js'
import { projectFiles, textOf, typescriptFiles } from './project.js'

const files = projectFiles()
const texts = files.filter((path) => /\.(?:ts|js|json|md|yml|sh)$/.test(path) || /(?:^|\/)(?:run|LICENSE|\.\w+rc(?:\.json)?|\.gitignore)$/.test(path))

const house = suite('files')

house('an auditor can read each in one sitting', () => {
  const long = typescriptFiles('src', 'machines', 'tools').flatMap((path) => {
    const lines = textOf(path).split('\n').length - 1
    return lines > 400 ? [`${path}: ${lines} lines`] : []
  })
  assert.equal(long, [])
})

house('each begins by saying what it is', () => {
  const silent = typescriptFiles('src', 'machines', 'tools').filter((path) => !/^(?:#!.*\n)?\/\*\*/.test(textOf(path)))
  assert.equal(silent, [])
})

house('none is unfinished or tied to one machine', () => {
  // Spelt in parts, so that this file does not find itself.
  const words = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].map((word) => `\\b${word}\\b`)
  const homes = ['home', 'Users', 'root', 'work', 'tmp'].map((folder) => `(?<![\\w.:}/-])/${folder}/\\w`)
  const forbidden = new RegExp([...words, ...homes].join('|'))
  const found = texts.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) => (forbidden.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
  )
  assert.equal(found, [])
})

house('the lockfile names no registry', () => {
  const lock = textOf('package-lock.json')
  assert.not.match(lock, /"resolved": "http/)
  assert.not.match(lock, /\.npmrc|_authToken/)
})

house('every dependency is pinned', () => {
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  assert.equal(loose, [])
})

const tests = files.filter((path) => path.endsWith('.test.ts'))

house('every suite is run, as a whole', () => {
  assert.ok(tests.length > 5)
  const wrong = tests.flatMap((path) => {
    const left = suitesWithoutRun(textOf(path)).map((name) => `${path}: ${name} is never run`)
    const part = partialRuns(textOf(path)).flatMap(({ word, line }) => (word === 'only' ? [`${path}:${line} runs only a part`] : []))
    return [...left, ...part]
  })
  assert.equal(wrong, [])
})

house('every skipped test says why', () => {
  const silent = tests.flatMap((path) =>
    partialRuns(textOf(path)).flatMap(({ word, line }) =>
      word === 'skip' ? [`${path}:${line} skip(suite, title, reason) of test/skip.ts keeps the reason`] : [],
    ),
  )
  assert.equal(silent, [])
})

house('nothing that is built or installed is kept', () => {
  assert.equal(
    files.filter((path) => /\.(?:tgz|log|byok|pem|der|p8|p12|tsbuildinfo)$/.test(path)),
    [],
  )
})

house.run()
