#include "service/config/yaml_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "service/config/yaml_tree.h"

namespace balance {
namespace {

TEST(YamlWriterTest, Structure) {
  YamlWriter out;
  out.BeginMapping();
  out.Entry("a", "1");
  out.Key("b");
  out.BeginSequence();
  out.BeginMapping(YamlWriter::Layout::kFlow);
  out.Key("c");
  out.QuotedText("d");
  out.EndMapping();
  out.BeginSequence(YamlWriter::Layout::kFlow);
  out.EndSequence();
  out.EndSequence();
  out.EndMapping();

  EXPECT_EQ(out.Finish(), "a: 1\nb:\n- {c: \"d\"}\n- []\n");
}

TEST(YamlWriterTest, EveryTextIsReadAsItself) {
  const std::string long_text(5000, 'x');
  for (const std::string& text : {std::string(),
                                  std::string("~"),
                                  std::string("null"),
                                  std::string("Null"),
                                  std::string("NULL"),
                                  std::string("true"),
                                  std::string("1"),
                                  std::string("x:{#"),
                                  std::string("a: b"),
                                  std::string("- a"),
                                  std::string("&a"),
                                  std::string("*a"),
                                  std::string("!a"),
                                  std::string("# a"),
                                  std::string("a #b"),
                                  std::string(" a "),
                                  std::string("a\nb\n"),
                                  std::string("\t"),
                                  std::string("\"'"),
                                  std::string("\\n"),
                                  std::string("---"),
                                  std::string("..."),
                                  std::string("%a"),
                                  std::string("@"),
                                  std::string("\x01\x7f\0", 3),
                                  std::string("caf\xc3\xa9"),
                                  std::string("\xf0\x9f\x92\xb0"),
                                  long_text + " " + long_text}) {
    YamlWriter out;
    out.BeginMapping();
    out.Entry("key", text);
    out.EndMapping();
    const std::string yaml = out.Finish();

    const auto tree = YamlTree::Parse(yaml);
    ASSERT_TRUE(tree) << yaml;
    tree->root().ForEachEntry([&](const YamlNode& key, const YamlNode& value) {
      EXPECT_EQ(key.text(), "key");
      EXPECT_TRUE(value.IsScalar()) << yaml;
      EXPECT_EQ(value.text(), text) << yaml;
    });
  }
}

TEST(YamlWriterTest, WhatIsNotUtf8IsReplaced) {
  YamlWriter out;
  out.Text("caf\xe9s");

  EXPECT_EQ(out.Finish(), "caf?s\n");
}

}  // namespace
}  // namespace balance
