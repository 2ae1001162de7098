// Contact with the server as soon as there may be something to say: the network came back, or the window is looked at
// again after a while. The engine's own loop goes on beside this; a failure is in the state of sync.

import { onMounted, onScopeDispose } from 'vue'
import { useSession } from '@/stores/session'
import { useSync } from '@/stores/sync'

/** Out of sight for so long, and what is shown may be old. */
const AWAY_MS = 5 * 60_000

/** Syncs on waking while the component lives. */
export function useAwake(): void {
  const sync = useSync()
  const session = useSession()
  let hiddenAt: number | null = null

  function wake() {
    if (!session.inside || session.practice || sync.status.offline_switch || sync.status.running) return
    sync.syncNow().catch(() => sync.refresh()).catch(() => undefined)
  }
  function look() {
    if (document.visibilityState === 'hidden') hiddenAt = Date.now()
    else if (hiddenAt !== null) {
      if (Date.now() - hiddenAt >= AWAY_MS) wake()
      hiddenAt = null
    }
  }

  onMounted(() => {
    window.addEventListener('online', wake)
    document.addEventListener('visibilitychange', look)
  })
  onScopeDispose(() => {
    window.removeEventListener('online', wake)
    document.removeEventListener('visibilitychange', look)
  })
}
