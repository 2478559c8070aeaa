// What is said to be typed can be typed: each is read by the parser that reads the command line.

import ArgumentParser
import Foundation
import Testing

@testable import AviaryCommands
@testable import AviaryEnsemble

/// Programs that a remedy may name besides aviary.
private let programs: Set<String> = [
    "mv", "rm", "mkdir", "echo", "chmod", "ls", "df", "ss", "getent", "ssh", "timedatectl",
    "sudoedit", "ulimit", "${EDITOR:-vi}",
]

/// Why a command cannot be typed; nil if it can.
private func complaint(about command: String) -> String? {
    // Where its output goes is the shell's affair.
    let typed = command.components(separatedBy: " > ")[0].components(separatedBy: " | ")[0]
    let words = words(of: typed)
    guard let program = words.first else { return "nothing" }
    guard program == "aviary" else {
        return programs.contains(program) ? nil : "\(program) is no program that is known here"
    }
    if let verb = words.dropFirst().first, let text = AviaryCommand.unknownVerb(verb) {
        return text
    }
    do { _ = try AviaryCommand.parseAsRoot(Array(words.dropFirst())) } catch {
        return AviaryCommand.message(for: error)
    }
    return nil
}

/// The words of a command, as a shell takes them.
private func words(of command: String) -> [String] {
    var words: [String] = [""]
    var quote: Character?
    for character in command {
        if let open = quote {
            if character == open { quote = nil } else { words[words.count - 1].append(character) }
        } else if character == "'" || character == "\"" {
            quote = character
        } else if character == " " {
            words.append("")
        } else {
            words[words.count - 1].append(character)
        }
    }
    return words.filter { !$0.isEmpty }
}

/// The commands of a remedy, and those of the note behind it.
private func commands(of remedy: String) -> [String] {
    let parts = remedy.components(separatedBy: "# ")
    let typed = parts[0].trimmingCharacters(in: .whitespaces).components(separatedBy: " && ")
    let noted = parts.dropFirst().flatMap { note in
        note.components(separatedBy: "aviary ").dropFirst().map { "aviary " + upToEnd($0) }
    }
    return typed.filter { !$0.isEmpty } + noted
}

/// A command within a sentence ends where the name of the ensemble, or the file, does.
private func upToEnd(_ text: String) -> String {
    let words = text.split(separator: " ").map(String.init)
    guard let place = words.firstIndex(of: "-e") else {
        return words.prefix(2).joined(separator: " ")
    }
    return words.prefix(place + 2).joined(separator: " ")
}

private func remedies(_ spoil: (inout DoctorFacts) -> Void) -> [(code: String, remedy: String)] {
    DoctorTests.faults.flatMap { fault in
        var facts = DoctorTests.healthy
        fault.spoil(&facts)
        spoil(&facts)
        return Doctor.examine(facts).map { ($0.code, $0.remedy) }
    }
}

@Test(arguments: [
    "on record", "with its spec", "edited by hand", "on hosts", "planned", "external",
])
func `every remedy of the doctor can be typed, or says what a person must do`(kind: String) {
    let all = remedies { facts in
        switch kind {
        case "with its spec": facts.specOnRecord = "/etc/aviary/a spec.yaml"
        case "edited by hand":
            for place in facts.servers.indices {
                facts.servers[place].editedKeys = [
                    "syncLimit", "dataDir", "skipACL", "4lw.commands.whitelist",
                ]
            }
        case "on hosts": facts.canGrow = false
        case "planned": (facts.isPlanned, facts.specFile) = (true, "three.yaml")
        case "external": (facts.isExternal, facts.specFile) = (true, "three.yaml")
        default: break
        }
    }
    #expect(all.count > 15)
    var known: [String: String?] = [:]
    for (code, remedy) in all {
        let commands = commands(of: remedy)
        #expect(!commands.isEmpty || remedy.contains("# a person must"), "\(code): \(remedy)")
        // One that only shows something says who does the rest.
        let shows = ["ls", "df", "ss", "getent", "echo srvr"]
        if shows.contains(where: { remedy.hasPrefix($0 + " ") }) {
            #expect(remedy.contains("a person must"), "\(code): \(remedy)")
        }
        for command in commands {
            let complaint = known[command] ?? complaint(about: command)
            known[command] = .some(complaint)
            #expect(complaint == nil, "\(code): \(remedy): \(command)")
        }
    }
}

@Test func `nonsense is not taken for a command`() {
    #expect(complaint(about: "aviary aply -e local") != nil)
    #expect(complaint(about: "aviary start two") != nil)
    #expect(complaint(about: "mend it in the spec") != nil)
    #expect(complaint(about: "aviary start 2 -e local > file") == nil)
}

/// Whatever the program says in quotes, or behind "Type:", with a word in the place of each name.
@Test func `every command in a message of the program can be typed`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    var (count, known) = (0, Set<String>())
    for folder in ["AviaryCommands", "AviaryEnsemble"] {
        let files = FileManager.default.enumerator(atPath: root.path + "/Sources/" + folder)
        while let name = files?.nextObject() as? String {
            guard name.hasSuffix(".swift") else { continue }
            let text = try String(
                contentsOfFile: "\(root.path)/Sources/\(folder)/\(name)", encoding: .utf8)
            for command in typed(in: text) {
                count += 1
                guard known.insert(command).inserted else { continue }
                #expect(complaint(about: command) == nil, "\(name): \(command)")
            }
        }
    }
    #expect(count > 80, "only \(count) commands were found")
}

/// The commands in the string literals of a file.
private func typed(in source: String) -> [String] {
    let code = source.split(separator: "\n").filter {
        !$0.drop { $0 == " " }.hasPrefix("//")
    }.joined(separator: "\n")
    // A literal that goes on in the next line is one, and a name is some word.
    let joined = code.replacing(/"\s*\n\s*\+ "/, with: "").replacing(/\s\\\n\s*/, with: " ")
    let filled = withoutInterpolations(joined).replacing(/\b(ID…?|SECONDS)\b/, with: "1")
    let quoted = filled.matches(of: /'(aviary [^'\n"]*)'/).map { String($0.output.1) }
    let behind = filled.matches(of: /Type: (aviary [^:;,."'()]*)/).map { String($0.output.1) }
    let all = (quoted + behind.flatMap { $0.components(separatedBy: ", ") }).map { command in
        // "aviary status, and aviary logs", "aviary resume 1 to go on"
        for end in [" to go on", " shows", " and then", " then", " and ", " or "] {
            if let range = command.range(of: end) { return String(command[..<range.lowerBound]) }
        }
        return command
    }
    // A verb may be a name in the text, and then it is some verb.
    return all.filter { !$0.hasPrefix("aviary 1") }
}

private func withoutInterpolations(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let range = rest.range(of: "\\(") {
        let before = rest[..<range.lowerBound]
        // What stands at the end of a word is an argument that may be left out.
        result += before + (before.last?.isLetter ?? false ? "" : "1")
        var depth = 1
        var place = range.upperBound
        while depth > 0, place < rest.endIndex {
            if rest[place] == "(" { depth += 1 }
            if rest[place] == ")" { depth -= 1 }
            place = rest.index(after: place)
        }
        rest = rest[place...]
    }
    return result + rest
}
