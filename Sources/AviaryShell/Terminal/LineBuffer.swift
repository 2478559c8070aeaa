/// A line being typed: its characters, the cursor, and the way through the history.
struct LineBuffer: Equatable {
    /// Characters of one line; more are not taken.
    static let countMax = 1 << 20

    /// What a key led to.
    enum Outcome: Equatable {
        /// The line may look different.
        case edited
        /// The line is done.
        case submitted
        /// The word before the cursor is to be completed.
        case completionAsked
        /// The line is to be thrown away.
        case interrupted
        /// There will be no more lines.
        case ended
        /// The screen is to be cleared.
        case clearingAsked
    }

    private(set) var characters: [Character] = []
    private(set) var cursor = 0
    /// The place in the history that is shown; nil for the line of one's own.
    private var place: Int?
    private var draft: [Character] = []

    var text: String { String(characters) }
    /// What stands before the cursor.
    var textBeforeCursor: String { String(characters[..<cursor]) }

    /// Applies a key.
    mutating func apply(_ key: Key, history: [String]) -> Outcome {
        switch key {
        case .text(let scalar): insert(String(Character(scalar)))
        case .enter: return .submitted
        case .tab: return .completionAsked
        case .interrupt: return .interrupted
        case .endOfInput:
            if characters.isEmpty { return .ended }
            if cursor < characters.count { characters.remove(at: cursor) }
        case .clearScreen: return .clearingAsked
        case .backspace: erase(from: max(cursor - 1, 0))
        case .delete: if cursor < characters.count { characters.remove(at: cursor) }
        case .left: cursor = max(cursor - 1, 0)
        case .right: cursor = min(cursor + 1, characters.count)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .eraseToEnd: characters.removeSubrange(cursor...)
        case .eraseToStart: erase(from: 0)
        case .eraseWord: erase(from: wordStart)
        case .up: recall(history, step: -1)
        case .down: recall(history, step: 1)
        }
        return .edited
    }

    /// Puts text where the cursor is.
    mutating func insert(_ text: String) {
        guard characters.count < Self.countMax else { return }
        // A combining mark joins the character before it: the characters are counted anew.
        let before = Array(textBeforeCursor + text)
        characters = before + characters[cursor...]
        cursor = before.count
    }

    private mutating func erase(from start: Int) {
        characters.removeSubrange(start..<cursor)
        cursor = start
    }

    private var wordStart: Int {
        var place = cursor
        while place > 0, characters[place - 1] == " " { place -= 1 }
        while place > 0, characters[place - 1] != " " { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < characters.count, characters[place] == " " { place += 1 }
        while place < characters.count, characters[place] != " " { place += 1 }
        return place
    }

    private mutating func recall(_ history: [String], step: Int) {
        let current = place ?? history.count
        let next = current + step
        guard next >= 0, next <= history.count else { return }
        if place == nil { draft = characters }
        place = next == history.count ? nil : next
        characters = place.map { Array(history[$0]) } ?? draft
        cursor = characters.count
    }

    /// The part of the line that fits `width` columns, and the cursor's column in it.
    func window(width: Int) -> (text: String, column: Int) {
        guard characters.count >= width else { return (text, cursor) }
        let start = max(0, min(cursor - width + 1, characters.count - width + 1))
        let end = min(start + width - 1, characters.count)
        return (String(characters[start..<end]), cursor - start)
    }
}
