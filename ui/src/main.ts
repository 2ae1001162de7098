// Starts the window: connects the engine, then shows the screen; or, where the store does not open, the way to open it.

import 'element-plus/dist/index.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './styles/tokens.css'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import StartScreen from './features/care/StartScreen.vue'
import { asAppError, connectHost } from './host'
import { i18n } from './i18n'
import { makeRouter } from './router'
import { useCatalogue } from './stores/catalogue'
import { useDirectory } from './stores/directory'
import { useSession } from './stores/session'
import { useSettings } from './stores/settings'
import { useSync } from './stores/sync'
import { useToasts } from './stores/toasts'

const pinia = createPinia()

async function start() {
  const app = createApp(App)
  app.use(pinia)
  app.use(i18n)
  app.config.errorHandler = (reason) => {
    useToasts().fail(reason)
    if (import.meta.env.DEV) throw reason
  }
  await Promise.all([useSettings().start(), useSession().start(), useSync().start()])
  void useCatalogue().load()
  void useDirectory().load().catch(() => undefined)
  const router = makeRouter()
  app.use(router)
  // The first screen at once, not an empty frame before it.
  await router.isReady()
  app.mount('#app')
}

function begin() {
  start().catch((reason: unknown) => {
    const screen = createApp(StartScreen, {
      error: asAppError(reason),
      onOpened: () => {
        screen.unmount()
        begin()
      },
    })
    screen.use(pinia).use(i18n)
    useSettings().show({})
    screen.mount('#app')
  })
}

void connectHost().then(begin)
