// A person at the keyboard, counted by the keystroke-level model (Card, Moran, Newell 1980): every key pressed, every
// decision before a value or a command, every hand brought back to the keyboard, every wait for the program. Nothing is
// timed: the figures are what the screen asks of a person, the same on any machine.

import { until } from './mounting'

/** Seconds each costs. */
export const SECONDS = {
  /** K, an average typist who is no typist by trade. */
  key: 0.28,
  /** K, random letters: the slow end for figures one by one. */
  slowKey: 0.5,
  /** M, mentally preparing: reading the scale, recalling a code, deciding that there is no more. */
  decision: 1.35,
  /** H, a hand from the goods back to the keyboard. */
  hand: 0.4,
  /** R, allowed for each wait; the engine answers in a fraction of it. */
  wait: 1,
} as const

const TABBABLE = 'input, textarea, select, button, a[href], [tabindex]'

/** Types into whatever has the cursor; there is no mouse. */
export class Typist {
  keys = 0
  decisions = 0
  hands = 0
  waits = 0
  private told = false

  /** What it all takes, in seconds. */
  seconds(key: number = SECONDS.key): number {
    return this.keys * key + this.decisions * SECONDS.decision + this.hands * SECONDS.hand + this.waits * SECONDS.wait
  }

  /** From the goods to the keyboard. */
  reach(): void {
    this.hands += 1
  }

  /** A value: thought of once, then typed key by key. */
  async say(text: string): Promise<void> {
    this.decisions += 1
    this.told = true
    for (const letter of text) {
      this.keys += 1
      this.write(letter)
    }
    await pause()
  }

  /** Hanzi by an input method: the keys of its pinyin and one to choose. */
  async hanzi(pinyin: string, text: string): Promise<void> {
    this.decisions += 1
    this.told = true
    this.keys += pinyin.length + 1
    this.write(text)
    await pause()
  }

  /** A key that is no text. Right after a value it only ends it; otherwise it is decided upon. */
  async press(key: string): Promise<void> {
    this.keys += 1
    if (!this.told) this.decisions += 1
    this.told = false
    const at = here()
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
    const free = at.dispatchEvent(event)
    if (free && key === 'Tab') next(at)?.focus()
    if (free && key === 'Enter' && at.tagName === 'BUTTON') at.click()
    await pause()
  }

  /** Waits until the screen has come to something. */
  async see(holds: () => boolean): Promise<void> {
    this.waits += 1
    await until(holds)
  }

  private write(letters: string): void {
    const field = here() as HTMLInputElement
    const from = field.selectionStart ?? field.value.length
    const to = field.selectionEnd ?? field.value.length
    field.value = field.value.slice(0, from) + letters + field.value.slice(to)
    field.setSelectionRange(from + letters.length, from + letters.length)
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }
}

const here = (): HTMLElement => document.activeElement as HTMLElement
/** The screen follows: no part of the count. */
const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 10))

function next(from: HTMLElement): HTMLElement | undefined {
  const all = [...document.querySelectorAll<HTMLElement>(TABBABLE)].filter((one) => one.tabIndex >= 0 && !one.hasAttribute('disabled'))
  return all[all.indexOf(from) + 1]
}
