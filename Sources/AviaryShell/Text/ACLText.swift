import Jute
import Records

// Access control lists as zkCli reads and prints them: `scheme:id:perms,scheme:id:perms`.

/// A list read from text, and what could not be read of it.
struct TypedACL: Equatable {
    var entries: [ACL] = []
    /// One line each; the shell shows them and goes on with the rest.
    var complaints: [String] = []

    init(_ text: String) {
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            let word = part.drop { $0 == " " }
            guard let first = word.firstIndex(of: ":"), let last = word.lastIndex(of: ":"),
                first != last
            else {
                complaints.append("\(word) does not have the form scheme:id:perm")
                continue
            }
            let identity = Identity(
                scheme: ByteString(word[..<first]),
                id: ByteString(word[word.index(after: first)..<last]))
            let letters = word[word.index(after: last)...]
            let permissions = read(letters)
            // Nobody who types a word means to lock everybody out, himself included.
            if permissions.isEmpty, letters.contains(where: { $0 != " " }) { continue }
            entries.append(ACL(permissions: permissions, identity: identity))
        }
    }

    private mutating func read(_ letters: Substring) -> Permissions {
        var permissions: Permissions = []
        for letter in letters where letter != " " {
            switch letter {
            case "r": permissions.insert(.read)
            case "w": permissions.insert(.write)
            case "c": permissions.insert(.create)
            case "d": permissions.insert(.delete)
            case "a": permissions.insert(.admin)
            default: complaints.append("Unknown perm type: \(letter)")
            }
        }
        return permissions
    }
}

/// An entry as `getAcl` prints it, on two lines.
func aclText(_ entry: ACL) -> String {
    let letters: [(Permissions, String)] = [
        (.create, "c"), (.delete, "d"), (.read, "r"), (.write, "w"), (.admin, "a"),
    ]
    let permissions = letters.filter { entry.permissions.contains($0.0) }.map(\.1).joined()
    return "'\(entry.identity.scheme),'\(entry.identity.id)\n: \(permissions)"
}
