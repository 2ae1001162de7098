// Keys of a screen. While a field has the focus, only keys that no text needs (F-keys, Escape, those with Ctrl or Alt) count.

import { onMounted, onScopeDispose } from 'vue'

/** What a key does; return `false` to leave the key to others. */
export type Shortcut = (event: KeyboardEvent) => unknown

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const open: Record<string, Shortcut>[] = []

/** `F2`, `/`, `Escape`, `Ctrl+Enter`, … */
export function keyName(event: KeyboardEvent): string {
  const prefix = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}`
  return prefix + event.key
}

function dispatch(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing) return
  const name = keyName(event)
  const plain = /^.$/u.test(event.key) || event.key === 'Enter' || event.key.startsWith('Arrow')
  if (typing(event.target) && plain && !/^(Ctrl|Alt)\+/.test(name)) return
  // A dialog keeps keys to itself.
  if (document.querySelector('.el-overlay:not([style*="display: none"]) [role="dialog"]') && name !== 'F1') return
  for (const keys of [...open].reverse()) {
    const action = keys[name]
    if (action && action(event) !== false) {
      event.preventDefault()
      return
    }
  }
}

/** Binds keys while the component lives; the innermost screen is asked first. */
export function useShortcuts(keys: Record<string, Shortcut>): void {
  onMounted(() => {
    if (open.length === 0) window.addEventListener('keydown', dispatch)
    open.push(keys)
  })
  onScopeDispose(() => {
    const at = open.indexOf(keys)
    if (at >= 0) open.splice(at, 1)
    if (open.length === 0) window.removeEventListener('keydown', dispatch)
  })
}
