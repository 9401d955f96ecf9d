import { useRef, type ReactElement } from 'react'
import type { Person, PresencePlace } from '../../index.ts'
import { Avatar } from '../parts/avatar.tsx'
import { classNames } from '../parts/class-names.ts'
import { Icon } from '../parts/icon.tsx'
import { Popover } from '../parts/popover.tsx'
import { useRovingFocus } from '../parts/roving-focus.ts'
import { Tooltip } from '../parts/tooltip.tsx'
import { usePeople, useTexts } from '../use-people.ts'
import { usePresence } from '../use-presence.ts'

/** For {@link PresenceBar}. */
export interface PresenceBarProps {
  /**
   * How many faces are drawn; the rest is in the list that the last button opens.
   * @default 5
   */
  readonly max?: number | undefined
  /** Called with the place of a person who was chosen, to go there. Those who are on no cell cannot be chosen. */
  readonly onSelect?: ((place: PresencePlace, person: Person) => void) | undefined
  readonly className?: string | undefined
}

/**
 * Who has the budget open: a face for each, with what he is doing, and the list of all of them. A toolbar: one stop for Tab,
 * arrows inside.
 *
 * @example
 * ```tsx
 * import { PresenceBar } from '@efir/cells/react'
 *
 * const bar = <PresenceBar max={4} onSelect={({ cell }) => console.log(cell?.field)} />
 * void bar
 * ```
 */
export function PresenceBar({ max = 5, onSelect, className }: PresenceBarProps): ReactElement {
  const texts = useTexts()
  const personOf = usePeople()
  const { others } = usePresence()
  const bar = useRef<HTMLDivElement>(null)
  const onKeyDown = useRovingFocus(bar)
  const shown = others.slice(0, Math.max(0, max))
  const more = others.length - shown.length

  const describe = (person: Person): string => {
    const { cell, mode } = placeOf(person)
    const place = texts.presencePlace(mode, cell && texts.cellName(cell))
    return texts.presencePerson(personOf(person.userId).name, place, person.isIdle)
  }

  return (
    <div
      ref={bar}
      role="toolbar"
      aria-label={texts.presenceTitle}
      className={classNames('efir-cells-presence', className)}
      onKeyDown={onKeyDown}
    >
      {others.length === 0 && <span className="efir-cells-muted">{texts.presenceAlone}</span>}
      {shown.map((person) => {
        const place = placeOf(person)
        const mayGo = onSelect !== undefined && place.cell !== null
        return (
          <Tooltip key={person.userId} text={describe(person)}>
            <button
              type="button"
              data-efir-cells-item=""
              className={classNames('efir-cells-face', isEditing(place) && 'efir-cells-face--editing')}
              aria-label={describe(person)}
              aria-disabled={!mayGo}
              onClick={() => mayGo && onSelect(place, person)}
            >
              <Avatar {...personOf(person.userId)} color={person.color} isIdle={person.isIdle} />
            </button>
          </Tooltip>
        )
      })}
      {more > 0 && (
        <Popover
          label={texts.presenceTitle}
          trigger={(trigger) => (
            <button
              type="button"
              {...trigger}
              data-efir-cells-item=""
              className="efir-cells-face efir-cells-face--more"
              aria-label={texts.presenceMore(more)}
            >
              <bdi>+{more}</bdi>
            </button>
          )}
        >
          {(close) => (
            <>
              <h2 className="efir-cells-title efir-cells-popover-title">{texts.presenceTitle}</h2>
              <ul className="efir-cells-list">
                {others.map((person) => (
                  <li key={person.userId}>
                    <PresenceRow
                      person={person}
                      onSelect={
                        onSelect &&
                        ((place) => {
                          close()
                          onSelect(place, person)
                        })
                      }
                    />
                  </li>
                ))}
              </ul>
            </>
          )}
        </Popover>
      )}
    </div>
  )
}

interface PresenceRowProps {
  readonly person: Person
  readonly onSelect: ((place: PresencePlace) => void) | undefined
}

function PresenceRow({ person, onSelect }: PresenceRowProps): ReactElement {
  const texts = useTexts()
  const personOf = usePeople()
  const place = placeOf(person)
  const shown = personOf(person.userId)
  const inside = (
    <>
      <Avatar {...shown} color={person.color} isIdle={person.isIdle} />
      <span className="efir-cells-row-text">
        <span className="efir-cells-ellipsis">{shown.name}</span>
        <span className="efir-cells-muted efir-cells-ellipsis">
          {texts.presencePlace(place.mode, place.cell && texts.cellName(place.cell))}
          {person.isIdle && ` · ${texts.presenceIdle}`}
        </span>
      </span>
      {isEditing(place) && <Icon name="pencil" />}
    </>
  )
  if (onSelect === undefined || place.cell === null) return <div className="efir-cells-item">{inside}</div>
  return (
    <button type="button" className="efir-cells-item" onClick={() => onSelect(place)}>
      {inside}
    </button>
  )
}

function isEditing({ cell, mode, isIdle }: PresencePlace): boolean {
  return cell !== null && mode === 'editing' && !isIdle
}

const nowhere: PresencePlace = Object.freeze({ cell: null, mode: 'viewing', isIdle: true })

/** Where somebody is with the window that tells most: where he edits, else where he is on a cell, and not idle. */
function placeOf({ places }: Person): PresencePlace {
  const weight = ({ cell, mode, isIdle }: PresencePlace): number =>
    (cell === null ? 0 : mode === 'editing' ? 4 : 2) + (isIdle ? 0 : 1)
  return places.toSorted((one, other) => weight(other) - weight(one))[0] ?? nowhere
}
