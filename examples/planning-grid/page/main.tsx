import '@fontsource-variable/inter'
import '@efir/cells/react/styles.css'
import './style/tokens.css'
import './style/app.css'
import './style/grid.css'
import './style/panels.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadProject } from './project.ts'
import { connect, takeUpSession } from './session.ts'

const project = await loadProject()
document.title = project.title
const supabase = connect(project)
const first = await takeUpSession(supabase)
const container = document.getElementById('app')
if (container === null) throw new Error('The page has no element with the id app.')
createRoot(container).render(
  <StrictMode>
    <App project={project} supabase={supabase} first={first} />
  </StrictMode>,
)
