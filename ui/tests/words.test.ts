// Both languages say everything: the same keys, every key that the sources use, every code that the rules can give.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { messages, setLanguage, t, type Words } from '@/i18n'
import { errorText } from '@/i18n/errorText'
import errorsEn from '@/i18n/errors.en'
import errorsZh from '@/i18n/errors.zh'

const flat = (words: Words, path = ''): string[] => Object.entries(words).flatMap(([key, value]) => (typeof value === 'string' ? [`${path}${key}`] : flat(value, `${path}${key}.`)))
const zh = new Set(flat(messages.zh))
const en = new Set(flat(messages.en))

const sources = Object.entries(import.meta.glob<string>(['../src/**/*.{vue,ts}', '!../src/**/*.test.ts'], { query: '?raw', import: 'default', eager: true }))
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].flatMap((m) => (m[1] === undefined ? [] : [m[1]]))

describe('words', () => {
  it('have the same keys in Chinese and English', () => {
    expect([...zh].filter((key) => !en.has(key))).toEqual([])
    expect([...en].filter((key) => !zh.has(key))).toEqual([])
    expect(zh.size).toBeGreaterThan(300)
  })

  it('exist for every key that a screen names', () => {
    const used = sources.flatMap(([path, text]) => matches(text, /\bt\(\s*'([\w.]+)'/g).map((key) => `${key} in ${path}`))
    expect(used.length).toBeGreaterThan(200)
    expect(used.filter((use) => !zh.has(use.split(' ')[0] ?? ''))).toEqual([])
  })

  it('are all said somewhere', () => {
    const text = sources.filter(([path]) => !/\/(zh|en)\.ts$/.test(path)).map(([, source]) => source).join('\n')
    const groups = new Set([...matches(text, /`([\w.]+)[._]\$\{/g), ...matches(text, /\bt\(`([\w.]+)\./g)])
    const built = (key: string) => [...groups].some((group) => key.startsWith(`${group}.`) || key.startsWith(`${group}_`))
    const quoted = (key: string) => text.includes(`'${key}'`)
    expect([...zh].filter((key) => !key.startsWith('error.') && !quoted(key) && !built(key))).toEqual([])
  })

  it('name the same variables in both languages', () => {
    const variables = (key: string, language: 'zh' | 'en') => {
      const word = key.split('.').reduce<unknown>((words, part) => (words as Words)[part], messages[language])
      return matches(String(word), /\{(\w+)\}/g).sort().join()
    }
    expect([...zh].filter((key) => variables(key, 'zh') !== variables(key, 'en'))).toEqual([])
  })
})

describe('error codes', () => {
  const rust = (path: string) => readFileSync(`../${path}`, 'utf8')
  const known = new Set(Object.keys(errorsZh))

  it('have words in both languages', () => {
    expect(Object.keys(errorsZh).sort()).toEqual(Object.keys(errorsEn).sort())
  })

  it.each([
    ['reviews', 'domain/src/review.rs', /^\s+\w+ = "([a-z_]+)",/gm, 24],
    ['refusals', 'domain/src/visit/mod.rs', /Self::\w+ => "(?!system|partner)([a-z_]+)"/g, 10],
    ['adjustments', 'domain/src/quote/adjustment.rs', /Self::\w+ => "([a-z_]+)"/g, 6],
  ])('of %s all have words', (_, path, pattern, least) => {
    const codes = matches(rust(path), pattern)
    expect(codes.length).toBeGreaterThanOrEqual(least)
    expect(codes.filter((code) => !known.has(code))).toEqual([])
  })

  it('of the server’s problems all have words', () => {
    const words = rust('server/src/problem/words.rs')
    const codes = matches(words.slice(words.indexOf('fn problem_words')), /"([a-z][a-z_]+)"(?=\s*(?:\||=>))/g)
    expect(codes.length).toBeGreaterThan(30)
    expect(codes.filter((code) => !known.has(code))).toEqual([])
  })

  it('that the engine refuses with all have words', () => {
    const engine = ['arguments', 'books', 'centre', 'commands', 'contact', 'desk', 'details', 'fill', 'lists', 'leaving', 'practice', 'preview', 'recover', 'repair', 'rules', 'salvage', 'session', 'set_aside'].map((name) => rust(`client/src/engine/${name}.rs`)).join('\n')
    const codes = matches(engine, /Error::(?:code|field|fields)\(\s*"([a-z_]+)"/g)
    expect(codes.length).toBeGreaterThan(10)
    expect(codes.filter((code) => !known.has(code))).toEqual([])
  })

  it('of pricing.md, api.md and sync.md all have words', () => {
    const codes = `invalid_book unknown_category quantity_conflict unit_mismatch missing_quantity invalid_quantity invalid_weighing attribute_type amount_too_large empty
      required type too_short too_long mobile unknown_division not_served too_soon too_late outside_slots slot_full validation_failed idempotency_key_required idempotency_mismatch idempotency_in_progress
      too_large undecodable actor_unknown internal upgrade_required conflict not_found forbidden offline server_error sign_in_required bad_credentials device_revoked no_book`.split(/\s+/)
    expect(codes.filter((code) => !known.has(code))).toEqual([])
  })

  it('say which field, and unknown ones name themselves', () => {
    setLanguage('zh')
    expect(errorText('invalid_weighing', 'items[0].weighing.gross')).toBe(`毛重：${t('error.invalid_weighing')}`)
    expect(errorText('never_heard_of')).toContain('never_heard_of')
    setLanguage('en')
    expect(errorText('required', 'contact.phone')).toBe('Phone: This is required.')
    setLanguage('zh')
  })
})
