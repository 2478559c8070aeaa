import ArgumentParser
import AviaryEnsemble
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Which ensemble a verb is about.
struct EnsembleOptions: ParsableArguments {
    @Option(name: [.customShort("e"), .customLong("ensemble")], help: "The ensemble's name.")
    var name: String?

    /// The ensemble that is named, or the only one there is.
    func find() throws -> LocalEnsemble {
        let all = EnsembleFolder.all()
        let chosen = name ?? (all.count == 1 ? all[0] : all.contains("local") ? "local" : nil)
        guard let chosen else {
            let hint =
                all.isEmpty
                ? "there is no ensemble yet: 'aviary up' starts one"
                : "there are several ensembles (\(all.joined(separator: ", "))): say which with "
                    + "--ensemble NAME"
            throw Complaint(hint, code: 69)
        }
        let folder = EnsembleFolder(chosen)
        guard let spec = try folder.load() else {
            throw Complaint(
                "there is no ensemble \(chosen); 'aviary ls' lists those there are", code: 69)
        }
        return try LocalEnsemble(spec, in: folder, binary: Program.path)
    }
}

/// An error for the user, with the exit code it ends the program with.
struct Complaint: Error, CustomStringConvertible {
    let description: String
    let code: Int32

    init(_ description: String, code: Int32 = 1) {
        self.description = description
        self.code = code
    }
}

/// This program and its terminal.
enum Program {
    /// The path of the running binary.
    static var path: String {
        #if canImport(Darwin)
            var buffer = [CChar](repeating: 0, count: 4096)
            var size = UInt32(buffer.count)
            guard unsafe _NSGetExecutablePath(&buffer, &size) == 0 else {
                return CommandLine.arguments[0]
            }
            return unsafe String(cString: buffer)
        #else
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
            guard count > 0 else { return CommandLine.arguments[0] }
            return String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #endif
    }

    /// Where it was started.
    static var directory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return "." }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether standard output is a terminal that wants colour.
    static var isColoured: Bool {
        let isPlain = unsafe getenv("NO_COLOR") != nil
        return isatty(STDOUT_FILENO) == 1 && !isPlain
    }

    /// Progress and other things that are not the result go to standard error.
    static func note(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Runs a verb, turning its errors into messages and exit codes.
    static func run(_ verb: () throws -> Void) throws {
        do {
            try verb()
        } catch let complaint as Complaint {
            note("aviary: \(complaint.description)")
            throw ExitCode(complaint.code)
        } catch let error as EnsembleError {
            note("aviary: \(error.description)")
            throw ExitCode(1)
        } catch let error as StorageError {
            note("aviary: \(error.description)")
            throw ExitCode(1)
        }
    }
}
