@_exported import Foundation

public struct PKPushType: Hashable, RawRepresentable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static let voIP = PKPushType(rawValue: "PKPushTypeVoIP")
}

public class PKPushCredentials: NSObject {
    public let type: PKPushType
    public let token: Data
    @_spi(Phone) public init(type: PKPushType, token: Data) {
        self.type = type
        self.token = token
    }
}

public class PKPushPayload: NSObject {
    public let type: PKPushType
    public let dictionaryPayload: [AnyHashable: Any]
    @_spi(Phone) public init(type: PKPushType, dictionaryPayload: [AnyHashable: Any]) {
        self.type = type
        self.dictionaryPayload = dictionaryPayload
    }
}

@available(iOS 26.4, *)
public final class PKVoIPPushMetadata: NSObject, Sendable {
    public let mustReport: Bool
    @_spi(Phone) public init(mustReport: Bool) { self.mustReport = mustReport }
}

public protocol PKPushRegistryDelegate: NSObjectProtocol {
    func pushRegistry(_ registry: PKPushRegistry, didUpdate pushCredentials: PKPushCredentials, for type: PKPushType)

    // Optional, in Objective-C.

    func pushRegistry(_ registry: PKPushRegistry, didReceiveIncomingPushWith payload: PKPushPayload,
                      for type: PKPushType, completion: @escaping @Sendable () -> Void)
    @available(iOS 26.4, *)
    func pushRegistry(_ registry: PKPushRegistry, didReceiveIncomingVoIPPushWith payload: PKPushPayload,
                      metadata: PKVoIPPushMetadata, withCompletionHandler completion: @escaping @Sendable () -> Void)
    func pushRegistry(_ registry: PKPushRegistry, didInvalidatePushTokenFor type: PKPushType)
}

extension PKPushRegistryDelegate {
    public func pushRegistry(_ registry: PKPushRegistry, didReceiveIncomingPushWith payload: PKPushPayload,
                             for type: PKPushType, completion: @escaping @Sendable () -> Void) {}
    @available(iOS 26.4, *)
    public func pushRegistry(_ registry: PKPushRegistry, didReceiveIncomingVoIPPushWith payload: PKPushPayload,
                             metadata: PKVoIPPushMetadata,
                             withCompletionHandler completion: @escaping @Sendable () -> Void) {}
    public func pushRegistry(_ registry: PKPushRegistry, didInvalidatePushTokenFor type: PKPushType) {}
}

public class PKPushRegistry: NSObject {
    public weak var delegate: (any PKPushRegistryDelegate)?
    public var desiredPushTypes: Set<PKPushType>?

    @_spi(Phone) public private(set) static weak var last: PKPushRegistry?

    public init(queue: DispatchQueue?) {
        super.init()
        Self.last = self
    }
}
