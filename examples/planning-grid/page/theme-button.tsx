import { Moon, Sun } from 'lucide-react'
import { useLayoutEffect, useState } from 'react'

type Theme = 'light' | 'dark'
const key = 'planning-grid-theme'

function firstTheme(): Theme {
  const kept = window.localStorage.getItem(key)
  if (kept === 'light' || kept === 'dark') return kept
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function ThemeButton() {
  const [theme, setTheme] = useState(firstTheme)
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  const other = theme === 'light' ? 'dark' : 'light'
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => {
        window.localStorage.setItem(key, other)
        setTheme(other)
      }}
    >
      {theme === 'light' ? <Moon aria-hidden="true" size={16} /> : <Sun aria-hidden="true" size={16} />}
    </button>
  )
}
