// What happy-dom lacks of a browser window.

import { afterEach } from 'vitest'

Object.defineProperty(HTMLElement.prototype, 'offsetHeight', { configurable: true, get: () => 800 })
Object.defineProperty(HTMLElement.prototype, 'offsetWidth', { configurable: true, get: () => 600 })

afterEach(() => {
  localStorage.clear()
  document.body.innerHTML = ''
})
