import Foundation

// On iOS these are of CoreFoundation, which comes with Foundation, and Swift converts to them with `as`.
public typealias CFString = String
public typealias CFDictionary = [String: Any]
public typealias CFTypeRef = AnyObject
public typealias OSStatus = Int32

public let errSecSuccess: OSStatus = 0
public let errSecItemNotFound: OSStatus = -25300

public let kSecClass: CFString = "class"
public let kSecClassGenericPassword: CFString = "genp"
public let kSecAttrService: CFString = "svce"
public let kSecAttrAccount: CFString = "acct"
public let kSecAttrAccessible: CFString = "pdmn"
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly: CFString = "cku"
public let kSecReturnData: CFString = "r_Data"
public let kSecValueData: CFString = "v_Data"

private var passwords: [String: Data] = [:]
private func name(of item: CFDictionary) -> String { "\(item[kSecAttrService] ?? "")/\(item[kSecAttrAccount] ?? "")" }

public func SecItemCopyMatching(_ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    guard let password = passwords[name(of: query)] else { return errSecItemNotFound }
    result?.pointee = password as NSData
    return errSecSuccess
}

public func SecItemAdd(_ attributes: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    passwords[name(of: attributes)] = attributes[kSecValueData] as? Data
    return errSecSuccess
}
