using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Storage;

/// <summary>Where and how pours are kept (<c>Storage</c>).</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>The embedded store: <c>sqlite</c> or <c>litedb</c> (the latter when built with <c>-p:LiteDb=true</c>).</summary>
    [Required, RegularExpression("(?i)sqlite|litedb", ErrorMessage = "Storage:Provider must be sqlite or litedb.")]
    public string Provider { get; set; } = "sqlite";

    /// <summary>The folder of the store's files, from the folder the hub is started in; made when it is not there.</summary>
    [Required]
    public string Path { get; set; } = "data";

    /// <summary>Whether to go on with a store whose newest part is lost: for one start, after the hub refused and there is no backup.</summary>
    public bool AcceptLoss { get; set; }
}
