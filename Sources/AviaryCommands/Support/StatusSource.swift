import ArgumentParser
import AviaryEnsemble

/// Whose status is shown: an ensemble of this machine, or one whose servers somebody else starts.
struct StatusSource {
    /// Nil if somebody else starts the servers.
    let own: LocalEnsemble?
    let name: String
    /// What they say of themselves now.
    let look: () -> EnsembleStatus

    /// The ensemble of a spec; without one that of the options.
    init(_ path: String?, _ options: EnsembleOptions) throws {
        var options = options
        if let path {
            let spec = try SpecFile.read(path)
            if spec.runtime == "external" {
                own = nil
                name = spec.name
                look = { EnsembleStatus.external(spec) }
                return
            }
            options.name = options.name ?? spec.name
        }
        let found = try options.find()
        own = found
        name = found.folder.name
        look = { found.status() }
    }

    /// Looks again and again until something is so, for so many seconds at most.
    func wait(
        seconds: Double, until isMet: (EnsembleStatus) -> Bool,
        while goesOn: (EnsembleStatus) -> Bool
    ) -> Bool {
        if let own { return own.wait(seconds: seconds, until: isMet, while: goesOn) }
        let begun = LocalEnsemble.seconds()
        while true {
            let status = look()
            if isMet(status) { return true }
            guard LocalEnsemble.seconds() - begun < seconds, goesOn(status) else { return false }
            LocalEnsemble.sleep(milliseconds: 100)
        }
    }
}
