// Starts the window: connects the engine, then shows the screen.

import 'element-plus/dist/index.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './styles/tokens.css'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { asAppError, connectHost } from './host'
import { i18n } from './i18n'
import { makeRouter } from './router'
import StartupFailed from './StartupFailed.vue'
import { useCatalogue } from './stores/catalogue'
import { useDirectory } from './stores/directory'
import { useSession } from './stores/session'
import { useSettings } from './stores/settings'
import { useSync } from './stores/sync'
import { useToasts } from './stores/toasts'

async function start() {
  const app = createApp(App)
  app.use(createPinia())
  app.use(i18n)
  app.config.errorHandler = (reason) => {
    useToasts().fail(reason)
    if (import.meta.env.DEV) throw reason
  }
  await connectHost()
  await Promise.all([useSettings().start(), useSession().start(), useSync().start()])
  void useCatalogue().load()
  void useDirectory().load().catch(() => undefined)
  const router = makeRouter()
  app.use(router)
  // The first screen at once, not an empty frame before it.
  await router.isReady()
  app.mount('#app')
}

start().catch((reason: unknown) => {
  createApp(StartupFailed, { error: asAppError(reason) }).use(i18n).mount('#app')
})
