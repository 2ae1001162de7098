// Who uses the app: signed out, in practice, or signed in.

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { host, type Credentials, type Registration, type SessionState } from '@/host'

const NOBODY: SessionState = { mode: 'signed_out', person: null, device_id: null, device_name: null, server: null, city: null, keyring: true, lease_over: false, wiped: null }

export const useSession = defineStore('session', () => {
  const state = ref<SessionState>(NOBODY)
  const inside = computed(() => state.value.mode !== 'signed_out')
  const practice = computed(() => state.value.mode === 'practice')
  const registered = computed(() => state.value.device_id !== null)
  const person = computed(() => state.value.person)
  const role = computed(() => state.value.person?.role ?? null)
  /** Dispatchers and administrators plan every station, station staff their own. */
  const mayAssign = computed(() => role.value !== null && role.value !== 'collector')

  const set = (next: SessionState) => {
    state.value = next
  }

  return {
    state, inside, practice, registered, person, role, mayAssign,
    async start() {
      set(await host().sessionState())
      await host().on('session-changed', set)
    },
    refresh: async () => set(await host().sessionState()),
    register: async (registration: Registration) => set(await host().register(registration)),
    signIn: async (credentials: Credentials) => set(await host().signIn(credentials)),
    signOut: async () => set(await host().signOut()),
    enterPractice: async () => set(await host().practiceEnter()),
    leavePractice: async () => set(await host().practiceLeave()),
  }
})
