#pragma once
// What a 64-bit ELF file says about itself.

#include <elf.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::test {

class Elf {
 public:
  /// `bytes` of the whole file.
  explicit Elf(std::string bytes) : bytes_(std::move(bytes)) {
    const auto head = at<Elf64_Ehdr>(0);
    if (std::string_view(bytes_).substr(0, 4) != ELFMAG) return;
    type_ = head.e_type;
    for (std::size_t i = 0; i < head.e_phnum; ++i) parts_.push_back(at<Elf64_Phdr>(head.e_phoff + i * head.e_phentsize));
    for (std::size_t i = 0; i < head.e_shnum; ++i) sections_.push_back(at<Elf64_Shdr>(head.e_shoff + i * head.e_shentsize));
  }

  unsigned type() const noexcept { return type_; }
  std::optional<Elf64_Phdr> part(unsigned type) const {
    for (const Elf64_Phdr& part : parts_)
      if (part.p_type == type) return part;
    return std::nullopt;
  }
  /// The value of an entry of the dynamic section; 0 when there is none.
  std::uint64_t dynamic(std::int64_t tag) const {
    const auto table = part(PT_DYNAMIC);
    for (std::size_t i = 0; table && i < table->p_filesz / sizeof(Elf64_Dyn); ++i)
      if (const auto entry = at<Elf64_Dyn>(table->p_offset + i * sizeof(Elf64_Dyn)); entry.d_tag == tag) return entry.d_un.d_val;
    return 0;
  }
  /// A symbol of other objects that it uses.
  bool imports(std::string_view name) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_DYNSYM) continue;
      for (std::size_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
        const auto symbol = at<Elf64_Sym>(section.sh_offset + i * sizeof(Elf64_Sym));
        if (symbol.st_shndx == SHN_UNDEF && bytes_.c_str() + sections_[section.sh_link].sh_offset + symbol.st_name == name) return true;
      }
    }
    return false;
  }
  /// In hexadecimal; empty when there is none.
  std::string build_id() const {
    std::string text;
    for (const Elf64_Phdr& part : parts_) {
      if (part.p_type != PT_NOTE) continue;
      for (std::size_t place = part.p_offset; place < part.p_offset + part.p_filesz;) {
        const auto note = at<Elf64_Nhdr>(place);
        const std::size_t content = place + sizeof note + ((note.n_namesz + 3) & ~3U);
        place = content + ((note.n_descsz + 3) & ~3U);
        if (note.n_type != NT_GNU_BUILD_ID || std::strcmp(bytes_.c_str() + content - 4, "GNU") != 0) continue;
        for (std::size_t i = 0; i < note.n_descsz; ++i) {
          constexpr char kDigits[] = "0123456789abcdef";
          const auto byte = static_cast<unsigned char>(bytes_[content + i]);
          text += {kDigits[byte >> 4], kDigits[byte & 15]};
        }
      }
    }
    return text;
  }

 private:
  template <class T>
  T at(std::size_t offset) const {
    T value{};
    if (offset + sizeof value <= bytes_.size()) std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::string bytes_;
  unsigned type_ = ET_NONE;
  std::vector<Elf64_Phdr> parts_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace myelin::test
