// Every pair of colours that carries words is readable in both themes: 4.5:1, and 3:1 for the edges of fields.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync('src/styles/tokens.css', 'utf8')
const night = css.indexOf('html.dark {')
const colours = (text: string) => Object.fromEntries([...text.matchAll(/--((?:hs|el)-[\w-]+):\s*(#[0-9a-f]{6})/gi)].map((m) => [m[1] ?? '', m[2] ?? '']))
const light = colours(css.slice(0, night))
const themes = { light, dark: { ...light, ...colours(css.slice(night)) } }

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

const GROUNDS = ['hs-page', 'hs-surface', 'hs-raised', 'hs-hover', 'hs-accent-soft']
const words: [string, string][] = [
  ...['hs-ink', 'hs-ink-2', 'hs-ink-3', 'hs-accent-ink'].flatMap((ink) => GROUNDS.map((ground): [string, string] => [ink, ground])),
  ['hs-amber', 'hs-amber-soft'], ['hs-ink', 'hs-amber-soft'], ['hs-ink-3', 'hs-amber-soft'], ['hs-amber', 'hs-surface'], ['hs-amber', 'hs-page'],
  ['hs-red', 'hs-red-soft'], ['hs-red', 'hs-surface'], ['hs-red', 'hs-page'],
  ['hs-on-accent', 'hs-accent'], ['hs-on-accent', 'el-color-primary'], ['hs-on-accent', 'el-color-primary-dark-2'], ['hs-on-accent', 'el-color-danger'], ['hs-on-accent', 'el-color-danger-dark-2'],
  ['el-text-color-placeholder', 'hs-surface'], ['el-color-danger', 'el-color-danger-light-9'],
]
const edges: [string, string][] = [['hs-line-strong', 'hs-surface'], ['hs-line-strong', 'hs-page'], ['hs-accent', 'hs-surface'], ['hs-accent', 'hs-page']]

describe.each(Object.entries(themes))('in the %s theme', (_, theme) => {
  const ratio = ([ink, ground]: [string, string]) => {
    const [a, b] = [theme[ink], theme[ground]]
    if (!a || !b) throw new Error(`no colour ${a ? ground : ink}`)
    return contrast(a, b)
  }
  it('words can be read', () => expect(words.filter((pair) => ratio(pair) < 4.5)).toEqual([]))
  it('fields can be seen', () => expect(edges.filter((pair) => ratio(pair) < 3)).toEqual([]))
})
