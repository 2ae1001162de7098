// What happy-dom lacks of a browser window: a size, without which a virtual list shows nothing.

import { afterEach } from 'vitest'

const SIZE = { offsetHeight: 800, clientHeight: 800, offsetWidth: 600, clientWidth: 600 }
for (const [name, pixels] of Object.entries(SIZE)) Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => pixels })

afterEach(() => {
  localStorage.clear()
  document.body.innerHTML = ''
})
