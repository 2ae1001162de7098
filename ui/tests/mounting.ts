// A component with the app's plugins and a demo engine behind it.

import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { vi } from 'vitest'
import StartScreen from '@/features/care/StartScreen.vue'
import { host, setHost, type Host } from '@/host'
import { demoHost } from '@/host/demo'
import { i18n, setLanguage } from '@/i18n'
import { routes } from '@/router'
import { useCatalogue } from '@/stores/catalogue'
import { useDirectory } from '@/stores/directory'
import { useSession } from '@/stores/session'
import { useSettings } from '@/stores/settings'
import { useSync } from '@/stores/sync'

/** Stores started over a demo engine. */
export async function startDemo(scenario?: string, change: (host: Host) => Partial<Host> = () => ({})): Promise<Host> {
  const demo = demoHost({ scenario })
  const changed = { ...demo, ...change(demo) }
  setHost(changed)
  setActivePinia(createPinia())
  await Promise.all([useSettings().start(), useSession().start(), useSync().start()])
  await Promise.all([useCatalogue().load(), useDirectory().load()])
  return changed
}

/** Mounts after `startDemo`; `at` is the address the router stands at. */
export async function mounted(component: Component, { props = {}, at = '/settings' }: { props?: Record<string, unknown>; at?: string } = {}) {
  const router: Router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(at)
  const wrapper = mount(component, { props, global: { plugins: [i18n, router] }, attachTo: document.body })
  return { wrapper, router }
}

/** The screen of a store that does not open, in its scenario. */
export async function start(scenario: string, change: (demo: Host) => Partial<Host> = () => ({})) {
  const demo = demoHost({ scenario })
  setHost({ ...demo, ...change(demo) })
  setActivePinia(createPinia())
  setLanguage('zh')
  const error = await host().sessionState().then(() => null, (reason: unknown) => reason)
  const opened = vi.fn()
  const { wrapper } = await mounted(StartScreen, { props: { error, onOpened: opened } })
  await flushPromises()
  return { wrapper, opened, seen: (id: string) => wrapper.find(`[data-testid="${id}"]`).exists(), text: (id: string) => wrapper.get(`[data-testid="${id}"]`).text() }
}

/** Waits until `holds`, ten seconds at most, for machines under load. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > end) throw new Error('it did not come about in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
